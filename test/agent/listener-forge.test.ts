/** The agent between its server and the forge: the stand-in for GitHub's listener, and the fake GitHub it speaks to. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ListenerCredential } from "../../runtime/core/agent-protocol";
import { FakeGitHub, makeRunnerFolder } from "../fakes/github";
import { ask, jitConfig } from "../fakes/github/rest-client";
import { markedProcesses } from "./agent-bench";
import { openListenerBench, patient } from "./listener-bench";
import type { ListenerBench } from "./listener-bench";

let forge: FakeGitHub;
let token: string;
let bench: ListenerBench;
let folder: string;

beforeEach(async () => {
  forge = await new FakeGitHub().start();
  forge.addRepository("acme/widgets");
  token = forge.addToken({ kind: "classic", scopes: ["repo"] });
  bench = await openListenerBench();
  folder = bench.note("stand-in");
  await makeRunnerFolder(folder);
});
afterEach(async () => {
  await bench.close();
  await forge.stop();
});

const jit = async (): Promise<ListenerCredential> => ({
  kind: "jit",
  config: await jitConfig(forge, { token, name: "onejob-one" }),
});
const listen = (credential: ListenerCredential, refusesForks?: true): Promise<number> =>
  bench.listen({
    orders: { credential, runner: { path: folder } },
    options: { ...patient, graceMs: 10_000 },
    boot: refusesForks === undefined ? {} : { refusesForks },
  });

describe("a job of the forge", () => {
  it("runs in the private copy, and nothing of it is left afterwards", async () => {
    const job = forge.queueJob("acme/widgets", { script: `pwd > ${bench.note("pwd")}; sleep 600 & true` });
    expect(await listen(await jit(), true)).toBe(0);
    expect(job.conclusion).toBe("success");
    expect(bench.types()).toEqual(["listening", "started", "finished"]);
    expect(bench.server.finished).toMatchObject({ exitCode: 0, reason: null });
    expect(existsSync(bench.note("pwd"))).toBe(true);
    expect(existsSync(bench.boot.jobDir)).toBe(false);
    expect(existsSync(join(folder, "_work"))).toBe(false);
    expect(markedProcesses(bench.boot.marker["ONEJOB_RUNNER"] ?? "")).toEqual([]);
  });

  it("fails without one step when it comes from a fork and the machine is no wall", async () => {
    const job = forge.queueJob("acme/widgets", { fork: "mallory/widgets", script: `touch ${bench.note("ran")}` });
    expect(await listen(await jit(), true)).toBe(0);
    expect(job.conclusion).toBe("failure");
    expect(existsSync(bench.note("ran"))).toBe(false);
    expect(bench.types()).toEqual(["listening", "started", "finished"]);
  });

  it("runs also from a fork where the machine is a wall", async () => {
    const job = forge.queueJob("acme/widgets", { fork: "mallory/widgets", script: "true" });
    await listen(await jit());
    expect(job.conclusion).toBe("success");
  });

  it("is cancelled at the forge when the machine is taken away", async () => {
    const job = forge.queueJob("acme/widgets", { script: "sleep 600" });
    const code = listen(await jit());
    await bench.server.until(() => bench.server.has("started"));
    bench.shutDown();
    expect(await code).toBe(0);
    expect(job.conclusion).toBe("cancelled");
    expect(bench.server.finished).toMatchObject({ reason: "interrupted" });
  });
});

describe("a runner of the forge", () => {
  it("leaves in order when nobody wants it, and can be taken back there", async () => {
    const code = listen(await jit());
    await bench.server.until(() => bench.server.has("listening"));
    bench.server.tell({ drain: true });
    expect(await code).toBe(0);
    expect(bench.types()).toEqual(["listening", "finished"]);
    expect(bench.server.finished).toMatchObject({ exitCode: 0, reason: null });
    expect(forge.runners).toMatchObject([{ online: false }]);
    const path = `/repos/acme/widgets/actions/runners/${forge.runners[0]?.id}`;
    expect(await ask(forge, `DELETE ${path}`, { token })).toMatchObject({ status: 204 });
  });

  it.each([
    ["deprecated", { exitCode: 7, reason: "misconfigured" }],
    ["terminated", { exitCode: 1, reason: "boot-failing", detail: expect.stringContaining("An error occurred") }],
  ] as const)("that the forge does not let listen (%s) never has a job, and says why", async (fault, expected) => {
    forge.listenerFault = fault;
    expect(await listen(await jit())).toBe(0);
    expect(bench.server.has("started")).toBe(false);
    expect(bench.server.finished).toMatchObject(expected);
  });

  it("is registered with a token first where there is no JIT configuration", async () => {
    const { body } = await ask(forge, "POST /repos/acme/widgets/actions/runners/registration-token", { token });
    const job = forge.queueJob("acme/widgets", { labels: ["gpu"] });
    const facts = { url: `${forge.url}/acme/widgets`, name: "onejob-old", group: "", labels: ["gpu"] };
    expect(await listen({ kind: "registration", token: String(body.token), ...facts })).toBe(0);
    expect(job.conclusion).toBe("success");
    expect(bench.types()).toEqual(["listening", "started", "finished"]);
    expect(forge.runners).toEqual([]);
  });
});
