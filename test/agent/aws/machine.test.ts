/** The agent on an instance: the metadata it reads, the notice it heeds, and the end of its machine. */
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { Imds } from "../../../runtime/agent/aws/imds";
import { powerOff } from "../../../runtime/agent/aws/power-off";
import { interruption, timeLeft } from "../../../runtime/agent/aws/watch-interruption";
import { readBoot } from "../../../runtime/agent/boot";
import type { AgentBoot } from "../../../runtime/core/agent-protocol";
import { Readable } from "node:stream";
import { memoryLog } from "../../compute/ec2/ec2-world";
import { type Bench, job, jobOf, openBench } from "../agent-bench";
import { FakeImds } from "./fake-imds";

const machine = "i-0123456789abcdef0";
let imds: FakeImds;
beforeEach(async () => {
  imds = new FakeImds();
  await imds.start();
});
afterEach(() => imds.stop());

const client = () => new Imds({ baseUrl: imds.url, pauseMs: 1, answerMs: 1_000 });

describe("the metadata of an instance", () => {
  it("are read with one session token for all", async () => {
    imds.become(machine, {});
    const mine = client();
    expect(await mine.read("/latest/meta-data/instance-id")).toBe(machine);
    expect(await mine.read("/latest/meta-data/nothing")).toBeUndefined();
    expect(imds.asked.filter((asked) => asked.startsWith("PUT"))).toHaveLength(1);
  });

  it("are read with a new token once the old one is not taken any more", async () => {
    imds.become(machine, {});
    const mine = client();
    await mine.read("/latest/meta-data/instance-id");
    imds.forgetTokens();
    expect(await mine.read("/latest/meta-data/instance-id")).toBe(machine);
  });

  it("are asked for again while there is no answer, for some time", async () => {
    imds.become(machine, {});
    imds.breaks = 3;
    expect(await client().read("/latest/meta-data/instance-id")).toBe(machine);
    imds.breaks = 100;
    await expect(client().read("/latest/meta-data/instance-id")).rejects.toThrow("no instance metadata");
  });

  it.each([
    ["no role", (paths: Map<string, string>) => paths.clear()],
    ["no credentials", (paths: Map<string, string>) => paths.delete("iam/security-credentials/a-role")],
    [
      "half of them",
      (paths: Map<string, string>) => paths.set("iam/security-credentials/a-role", '{"AccessKeyId":"A"}'),
    ],
    ["no JSON", (paths: Map<string, string>) => paths.set("iam/security-credentials/a-role", "the-secret")],
  ])("with %s give no credentials, and no word of what was there", async (_what, spoil) => {
    imds.become(machine, {});
    spoil(imds.paths);
    await expect(client().credentials()).rejects.toThrow(/^the instance has no credentials of a role yet$/);
  });
});

describe("the notice of an interruption", () => {
  it("is seen once it is there", async () => {
    const log = memoryLog();
    const seen = interruption({ imds: client(), log, everyMs: 1 });
    while (imds.asked.length < 4) await new Promise((resolve) => setImmediate(resolve));
    imds.paths.set("spot/instance-action", '{"action":"terminate"}');
    expect(await seen).toEqual({ at: null });
  });

  it("says when it will be, and leaves a job until shortly before that", async () => {
    const notice = '{"action": "terminate", "time": "2026-11-21T12:02:00Z"}';
    imds.paths.set("spot/instance-action", notice);
    const seen = await interruption({ imds: client(), log: memoryLog(), everyMs: 1 });
    const at = Date.parse("2026-11-21T12:02:00Z");
    expect(seen).toEqual({ at });
    const left = [600_000, 120_000, 40_000, 5_000, -60_000];
    expect(left.map((ms) => timeLeft({ at }, at - ms))).toEqual([90_000, 90_000, 10_000, 0, 0]);
    expect(timeLeft({ at: null }, at)).toBe(90_000);
  });

  it("is not seen in metadata that give no answer, and not waited for after the end", async () => {
    imds.breaks = 1_000;
    const over = new AbortController();
    const seen = interruption({ imds: client(), log: memoryLog(), everyMs: 1, signal: over.signal });
    while (imds.asked.length < 6) await new Promise((resolve) => setImmediate(resolve));
    over.abort();
    expect(await seen).toBeUndefined();
  });
});

describe("the end of the machine", () => {
  it.each([
    ["systemd does it", ["systemctl"], ["systemctl"]],
    ["there is no systemd", ["shutdown"], ["systemctl", "shutdown"]],
    ["nobody does", [], ["systemctl", "shutdown"]],
  ])("is asked for until %s", (_who, able, asked) => {
    const programs: string[] = [];
    powerOff(memoryLog(), (program) => {
      programs.push(program);
      return able.includes(program);
    });
    expect(programs).toEqual(asked);
  });
});

describe("orders for an instance", () => {
  const orders = { url: "https://x.example", stateDir: "/s", jobDir: "/j", marker: { ONEJOB_RUNNER: "machine" } };
  const aws = { fleet: "ci", region: "eu-west-1" };
  const read = (value: object) => readBoot(Readable.from([Buffer.from(`${JSON.stringify(value)}\n`)]));

  it("carry no token", async () => {
    const boot = { ...orders, aws, atEnd: "poweroff" };
    expect(await read(boot)).toEqual({ kind: "boot", boot });
  });

  it.each([
    ["no proof at all", orders],
    ["two proofs", { ...orders, aws, bootToken: "boot-token" }],
    ["no region", { ...orders, aws: { fleet: "ci" } }],
    ["no fleet", { ...orders, aws: { fleet: "", region: "eu-west-1" } }],
    ["another end", { ...orders, aws, atEnd: "explode" }],
  ])("are refused with %s", async (_what, value) => {
    expect((await read(value)).kind).toBe("refused");
  });
});

describe("a machine that nobody knows", () => {
  const later = Array.from({ length: 20 }, () => ({ status: 202, body: { retryAfterMs: 20 } }));
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench({});
    bench.server.plan("enrol", ...later);
  });
  afterEach(() => bench.close());

  it("leaves after some time when it is the agent's own", async () => {
    expect(await bench.run({ unknownMs: 100 }, {}, { atEnd: "poweroff" })).toBe(0);
    expect(bench.logLines.join("")).toContain('"why":"silent"');
    expect(bench.server.requests.length).toBeLessThan(10);
  });

  it("goes on asking on a machine of others", async () => {
    bench.server.assignment = jobOf(["true"]);
    expect(await bench.run({ unknownMs: 100 })).toBe(0);
    expect(bench.server.has("finished")).toBe(true);
  });
});

describe("the program on an instance", () => {
  const folder = mkdtempSync(join(tmpdir(), "onejob-instance-"));
  const program = join(folder, "agent.js");
  const off = join(folder, "off");
  const crashing = join(folder, "crashing.js");
  writeFileSync(crashing, 'process.on("SIGUSR2", () => { throw new Error("a bug nobody expected"); });');
  writeFileSync(join(folder, "systemctl"), `#!/bin/sh\necho "$@" >> ${off}\n`);
  chmodSync(join(folder, "systemctl"), 0o755);
  buildSync({
    entryPoints: [join(__dirname, "../../../runtime/agent/main.ts")],
    outfile: program,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
  });
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench({});
    rmSync(off, { force: true });
    imds.become(machine, { "onejob:profile": "small", "onejob:runner": "runner10" });
  });
  afterEach(() => bench.close());
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function start(flags: readonly string[] = []) {
    const { bootToken: _, ...orders } = bench.boot;
    const boot: AgentBoot = { ...orders, aws: { fleet: "ci", region: "eu-west-1" }, atEnd: "poweroff" };
    const env = {
      PATH: `${folder}:${process.env["PATH"]}`,
      ...boot.marker,
      AWS_EC2_METADATA_SERVICE_ENDPOINT: imds.url,
    };
    const child = spawn(process.execPath, [...flags, program], { env, stdio: ["pipe", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
    child.stdin.end(`${JSON.stringify(boot)}\n`);
    const ended = new Promise<{ code: number | null; said: string }>((resolve) =>
      child.once("close", (code) => resolve({ code, said })),
    );
    return { child, ended };
  }

  const switchedOff = () => (existsSync(off) ? readFileSync(off, "utf8") : "");

  it("proves itself with its role, runs its job, and switches the machine off", async () => {
    bench.server.assignment = jobOf(["echo", "done"]);
    const { code, said } = await start().ended;
    expect(code).toBe(0);
    expect(bench.server.log.toString()).toBe("done\n");
    expect(bench.server.requests.find(({ endpoint }) => endpoint === "enrol")?.body).toMatchObject({
      proof: { kind: "aws", sessionToken: "a/session+token==", claim: { profile: "small", runner: "runner10" } },
    });
    expect(switchedOff()).toBe("poweroff --force\n");
    expect(said).not.toMatch(/the-secret|session\+token|Signature=/);
  });

  it("switches the machine off when it is refused", async () => {
    bench.server.plan("enrol", { status: 401 });
    expect((await start().ended).code).toBe(3);
    expect(switchedOff()).toBe("poweroff --force\n");
  });

  it("switches the machine off when it crashes", async () => {
    bench.server.assignment = job("sleep 600");
    const { child, ended } = start(["--require", crashing]);
    await bench.server.until(() => bench.server.has("started"));
    child.kill("SIGUSR2");
    expect((await ended).code).toBe(1);
    expect(switchedOff()).toBe("poweroff --force\n");
  });

  it("leaves when AWS takes the machine back", async () => {
    imds.paths.set("spot/instance-action", '{"action":"terminate"}');
    const { code, said } = await start().ended;
    expect(code).toBe(0);
    expect(said).toContain('"why":"interrupted"');
    expect(switchedOff()).toBe("poweroff --force\n");
  });
});
