import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { job, jobOf, openBench } from "./agent-bench";
import type { Bench } from "./agent-bench";

let bench: Bench;
afterEach(() => bench.close());

const digest = (data: Uint8Array): string => createHash("sha256").update(data).digest("hex");
const MiB = 1024 * 1024;

/** 5 MB in which every byte value occurs and no two pieces are alike. */
const bigOutput = `process.stdout.write(Buffer.from(Uint32Array.from({ length: 1250000 }, (_, i) => i * 2654435761).buffer))`;
const bigExpected = Buffer.from(Uint32Array.from({ length: 1_250_000 }, (_, i) => i * 2654435761).buffer);
const bigJob = job("", { command: [process.execPath, "-e", bigOutput] });

describe("what the agent tells the server", () => {
  it("delivers 5 MB of binary output byte for byte while requests and answers are dropped", async () => {
    bench = await openBench({ assignment: bigJob });
    const { server } = bench;
    let reports = 0;
    server.onReport = () => {
      reports += 1;
      if (reports % 3 === 0) server.plan("report", "drop-answer");
      if (reports % 4 === 0) server.plan("report", "drop", { status: 503, retryAfter: 0 });
    };
    expect(await bench.run()).toBe(0);
    expect(server.log.length).toBe(bigExpected.length);
    expect(digest(server.log)).toBe(digest(bigExpected));
    expect(server.logAtFinish).toBe(bigExpected.length);
  });

  it("goes on from where a server stands that knows less than it said before", async () => {
    bench = await openBench({ assignment: bigJob });
    const { server } = bench;
    let reports = 0;
    server.onReport = () => {
      reports += 1;
      if (reports === 6) server.log = server.log.subarray(0, 1_000);
    };
    await bench.run();
    expect(digest(server.log)).toBe(digest(bigExpected));
    expect(server.logAtFinish).toBe(bigExpected.length);
  });

  it("survives the server's death during the job and delivers everything when it is back on another port", async () => {
    const script = 'echo before; while [ ! -e "$GATE" ]; do sleep 0.05; done; echo after; exit 5';
    bench = await openBench({});
    const { server, folder } = bench;
    const gate = join(folder, "gate");
    server.assignment = job(script, { env: { GATE: gate } });
    const code = bench.run({ idleSilenceMs: 10 });
    await server.until(() => server.log.toString() === "before\n");
    const old = server.url;
    await server.die();
    await writeFile(gate, "");
    await gone(bench.boot.jobDir);
    await server.start();
    expect(server.url).not.toBe(old);
    expect(await code).toBe(0);
    expect(server.log.toString()).toBe("before\nafter\n");
    expect(server.events.map(({ type }) => type)).toEqual(["listening", "started", "finished"]);
    expect(server.finished.exitCode).toBe(5);
  });

  it("goes on telling when somebody else answers at the server's address for a while", async () => {
    bench = await openBench({ assignment: job("echo out; exit 6") });
    bench.server.plan("report", { status: 401 }, { status: 404 }, { status: 200, body: { hello: "world" } });
    bench.server.plan("heartbeat", { status: 401 }, { status: 302 });
    expect(await bench.run()).toBe(0);
    expect(bench.server.log.toString()).toBe("out\n");
    expect(bench.server.finished.exitCode).toBe(6);
  });

  it("sends output while the job runs, in the order stdout and stderr were written", async () => {
    bench = await openBench({ assignment: job("echo 1; echo 2 >&2; echo 3; echo 4 >&2; sleep 600") });
    const { server } = bench;
    const code = bench.run();
    await server.until(() => server.log.toString() === "1\n2\n3\n4\n");
    server.tell({ cancel: true });
    expect(await code).toBe(0);
  });

  it("keeps what a job writes to /dev/stdout and /dev/stderr by name", async () => {
    bench = await openBench({ assignment: job("echo one; echo two > /dev/stderr; echo three | tee /dev/stdout >&2") });
    await bench.run();
    expect(bench.server.log.toString()).toBe("one\ntwo\nthree\nthree\n");
  });

  it("keeps the output of both kinds where the system cannot make a named pipe", async () => {
    bench = await openBench({ assignment: jobOf(["/bin/sh", "-c", "echo 1; echo 2 >&2"]) });
    await bench.run({}, { inherited: { path: "/nowhere", language: "C" } });
    expect(bench.server.log.toString().split("\n").sort()).toEqual(["", "1", "2"]);
  });

  it("keeps output up to the limit, says so in one line, and lets the job run on", async () => {
    bench = await openBench({ assignment: job("head -c 3000000 /dev/zero; exit 4") });
    await bench.run({ logLimitBytes: 2 * MiB });
    const { log, finished } = bench.server;
    expect(log.subarray(0, 2 * MiB).every((byte) => byte === 0)).toBe(true);
    expect(log.subarray(2 * MiB).toString()).toBe("\n[onejob] output beyond 2 MiB is not kept\n");
    expect(finished.exitCode).toBe(4);
  });

  it("ends when the server keeps no more than the limit itself", async () => {
    bench = await openBench({ assignment: job("head -c 3000000 /dev/zero"), logLimit: 2 * MiB });
    const { server } = bench;
    server.onReport = () => {
      // An unsure agent sends the rest of the output before it says that the job has finished.
      if (server.log.length === 2 * MiB && !server.has("finished") && doubts++ === 0) server.plan("report", "drop");
    };
    let doubts = 0;
    expect(await bench.run({ logLimitBytes: 2 * MiB })).toBe(0);
    expect(bench.server.log.length).toBe(2 * MiB);
    expect(bench.server.finished.exitCode).toBe(0);
  });

  it("gives a result up when no server takes it for too long", async () => {
    bench = await openBench({});
    bench.server.assignment = job('while [ ! -e "$GATE" ]; do sleep 0.05; done', {
      env: { GATE: `${bench.folder}/gate` },
    });
    const code = bench.run({ undeliveredMs: 50 });
    await bench.server.until(() => bench.server.has("started"));
    await bench.server.die();
    await writeFile(`${bench.folder}/gate`, "");
    expect(await code).toBe(1);
    expect(existsSync(bench.boot.jobDir)).toBe(false);
  });
});

async function gone(path: string): Promise<void> {
  while (existsSync(path)) await new Promise((resolve) => setTimeout(resolve, 10));
}
