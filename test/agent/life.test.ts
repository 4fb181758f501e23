import { existsSync } from "node:fs";
import { join } from "node:path";
import { jobOf, job, markedProcesses, openBench } from "./agent-bench";
import type { Bench } from "./agent-bench";
import { FakeAgentServer, fakeRunner } from "../fakes/agent-server";

let bench: Bench;
afterEach(() => bench.close());

const types = (): string[] => bench.server.events.map(({ type }) => type);

describe("the agent's life", () => {
  it("enrols, takes its job, reports each step in order and leaves nothing in the job's folder", async () => {
    bench = await openBench({ assignment: jobOf(["true"]) });
    expect(await bench.run()).toBe(0);
    expect(types()).toEqual(["listening", "started", "finished"]);
    expect(bench.server.finished).toMatchObject({ exitCode: 0, signal: null, reason: null, detail: null });
    expect(existsSync(bench.boot.jobDir)).toBe(false);
  });

  it("asks again with the same nonce when it is told to come later, is refused for a moment, or hears nothing", async () => {
    bench = await openBench({ assignment: jobOf(["true"]) });
    bench.server.plan("enrol", { status: 202, body: { retryAfterMs: 1 } }, "drop", { status: 503, retryAfter: 0 });
    bench.server.plan("enrol", { status: 429, retryAfter: 0 }, { status: 500 }, "drop-answer");
    expect(await bench.run()).toBe(0);
    const nonces = bench.server.requests.flatMap(({ endpoint, body }) =>
      endpoint === "enrol" ? [(body as { nonce: string }).nonce] : [],
    );
    expect(nonces.length).toBe(6);
    expect(new Set(nonces).size).toBe(1);
  });

  it.each([401, 410])("leaves with exit code 3 and says why when enrolment is refused with %d", async (status) => {
    bench = await openBench({ assignment: jobOf(["true"]) });
    bench.server.plan("enrol", { status });
    expect(await bench.run()).toBe(3);
    expect(bench.logLines.join("")).toContain("refuses this machine");
    expect(types()).toEqual([]);
  });

  it("enrols where the server is now when another one refuses it at the old address", async () => {
    bench = await openBench({ assignment: jobOf(["true"]) });
    const impostor = new FakeAgentServer({ urlFile: join(bench.folder, "impostor.json") });
    await impostor.start();
    impostor.plan("enrol", { status: 401 }, { status: 401 });
    const code = await bench.run({}, {}, { url: impostor.url });
    await impostor.die();
    expect(code).toBe(0);
    expect(bench.server.has("finished")).toBe(true);
  });

  it("ends with code 1, its job killed, when something in it breaks", async () => {
    bench = await openBench({ assignment: job("trap '' TERM; sleep 600") });
    const bug = (): number => {
      throw new Error("a bug");
    };
    const code = bench.run({}, { random: { id: (length) => "n".repeat(length), fraction: bug } });
    await bench.server.until(() => bench.server.has("started"));
    await bench.server.die();
    expect(await code).toBe(1);
    expect(bench.logLines.join("")).toContain("a bug");
    expect(markedProcesses(bench.boot.marker["ONEJOB_RUNNER"] ?? "")).toEqual([]);
    expect(existsSync(bench.boot.jobDir)).toBe(false);
  });

  it("takes a job that comes while it waits", async () => {
    bench = await openBench({});
    const code = bench.run();
    await bench.server.until(() => bench.server.has("listening"));
    bench.server.tell({ assignment: jobOf(["sh", "-c", "exit 7"]) });
    expect(await code).toBe(0);
    expect(bench.server.finished.exitCode).toBe(7);
  });

  it("takes a job from a server that never holds its answers", async () => {
    bench = await openBench({});
    const empty = { logOffset: 0, assignment: null, cancel: false, drain: false };
    bench.server.plan("heartbeat", ...Array.from({ length: 3 }, () => ({ status: 200, body: empty })));
    const code = bench.run();
    await bench.server.until(() => bench.server.requests.filter(({ endpoint }) => endpoint === "heartbeat").length > 3);
    bench.server.tell({ assignment: jobOf(["true"]) });
    expect(await code).toBe(0);
    expect(bench.server.has("finished")).toBe(true);
  });

  it("leaves without a job when it is drained", async () => {
    bench = await openBench({});
    const code = bench.run();
    await bench.server.until(() => bench.server.has("listening"));
    bench.server.tell({ drain: true });
    expect(await code).toBe(0);
    expect(types()).toEqual(["listening"]);
  });

  it("leaves when it is idle and told that its place is taken", async () => {
    bench = await openBench({});
    const code = bench.run();
    await bench.server.until(() => bench.server.has("listening"));
    bench.server.tell({ stale: true });
    expect(await code).toBe(0);
  });

  it("leaves when it is idle and no server can be reached for too long", async () => {
    bench = await openBench({});
    const code = bench.run({ idleSilenceMs: 20 });
    await bench.server.until(() => bench.server.has("listening"));
    await bench.server.die();
    expect(await code).toBe(0);
  });

  it("leaves when it is idle and the machine is taken away", async () => {
    bench = await openBench({});
    const code = bench.run();
    await bench.server.until(() => bench.server.has("listening"));
    bench.shutDown();
    expect(await code).toBe(0);
    expect(types()).toEqual(["listening"]);
  });

  it("writes neither the boot token nor the lease to its log or its folder, and names runner and job in the log", async () => {
    bench = await openBench({ assignment: job("cat /proc/self/environ 2>/dev/null; env") });
    bench.server.plan("report", "drop", { status: 500 });
    await bench.run();
    const said = bench.logLines.join("") + bench.server.log.toString("latin1");
    expect(said).not.toMatch(/boot-token|lease-of-the-runner/);
    const lines = bench.logLines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toContainEqual(expect.objectContaining({ runner: fakeRunner, job: "api/local/01J" }));
  });
});
