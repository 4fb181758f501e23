import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { markedProcesses } from "./agent-bench";
import { forever, hasJob, listens, openListenerBench, patient, waitFor, writeProgram } from "./listener-bench";
import type { ListenerBench } from "./listener-bench";

let bench: ListenerBench;
afterEach(() => bench.close());

const left = (): readonly string[] => markedProcesses(bench.boot.marker["ONEJOB_RUNNER"] ?? "");

async function until(type: "listening" | "started" | "finished"): Promise<void> {
  await bench.server.until(() => bench.server.has(type));
}

describe("the life of a listener", () => {
  it("is told step by step when it listens, gets a job and ends", async () => {
    bench = await openListenerBench(`${listens}; ${hasJob}; exit 0`);
    expect(await bench.listen({ options: patient })).toBe(0);
    expect(bench.types()).toEqual(["listening", "started", "finished"]);
    expect(bench.server.finished).toMatchObject({ exitCode: 0, signal: null, reason: null, detail: null });
  });

  it("counts as listening once it lived for a while, when it says nothing", async () => {
    bench = await openListenerBench();
    await writeProgram(bench.runner, waitFor(bench.note("go")));
    const code = bench.listen();
    await until("listening");
    await writeFile(bench.note("go"), "");
    expect(await code).toBe(0);
    expect(bench.types()).toEqual(["listening", "finished"]);
  });

  it("is not said to have started before the server knows that it listens", async () => {
    bench = await openListenerBench(`${listens}; ${hasJob}; exit 0`);
    bench.server.plan("report", "drop", { status: 500 }, "drop-answer");
    const reports: (readonly string[])[] = [];
    bench.server.onReport = ({ events }) => void reports.push(events.map(({ type }) => type));
    await bench.listen({ options: patient });
    expect(reports[0]).toEqual(["listening"]);
    expect(bench.types()).toEqual(["listening", "started", "finished"]);
  });

  it("is reported ended only when nothing of it runs and its folder is gone", async () => {
    bench = await openListenerBench(`${listens}; ${hasJob}; (trap '' HUP INT TERM; setsid sleep 600 &) ; exit 0`);
    const atEnd: unknown[] = [];
    bench.server.onReport = ({ events }) => {
      if (events.some(({ type }) => type === "finished")) atEnd.push(left(), existsSync(bench.boot.jobDir));
    };
    await bench.listen();
    expect(atEnd).toEqual([[], false]);
  });

  it("never sends what the listener writes as a job's log", async () => {
    bench = await openListenerBench(`${listens}; ${hasJob}; echo private; exit 0`);
    await bench.listen();
    expect(bench.server.log.length).toBe(0);
    expect(bench.logLines.join("")).not.toContain("private");
  });

  it("takes no assignment: the forge gives the jobs", async () => {
    bench = await openListenerBench(`${listens}; ${waitFor("/nonexistent")}`);
    const job = {
      job: "api/local/1",
      name: "x",
      attempt: 1,
      command: ["true"],
      env: {},
      timeoutMs: 1_000,
      bundle: null,
    };
    const code = bench.listen({ options: patient });
    await until("listening");
    bench.server.tell({ assignment: job });
    bench.server.tell({ drain: true });
    expect(await code).toBe(0);
    expect(bench.types()).toEqual(["listening", "finished"]);
    expect(bench.server.finished.reason).toBeNull();
  });
});

describe("a listener that is to leave", () => {
  it.each([
    ["by itself", "trap 'exit 0' INT", { exitCode: 0, signal: null }],
    ["with any code", "trap 'exit 3' INT", { exitCode: 3, signal: null }],
    ["at the second, firmer word", "trap '' INT; trap 'exit 0' TERM", { exitCode: 0, signal: null }],
    ["at last, whatever it ignores", "trap '' INT TERM", { exitCode: null, signal: 9 }],
  ])("goes %s, and is reported without a job and without blame", async (_, trap, expected) => {
    bench = await openListenerBench(`${trap}; ${listens}; ${forever}`);
    const code = bench.listen({ options: { ...patient, graceMs: 2_000 } });
    await until("listening");
    bench.server.tell({ drain: true });
    expect(await code).toBe(0);
    expect(bench.types()).toEqual(["listening", "finished"]);
    expect(bench.server.finished).toMatchObject({ ...expected, reason: null, detail: null });
  });

  it("finishes a job that begins in the same moment, however long that takes", async () => {
    bench = await openListenerBench();
    const script = `trap '${hasJob.replaceAll("'", '"')}' INT; trap 'exit 99' TERM; ${listens}; ${waitFor(bench.note("go"))}`;
    await writeProgram(bench.runner, script);
    const code = bench.listen({ options: { ...patient, graceMs: 200 } });
    await until("listening");
    bench.server.tell({ drain: true });
    await until("started");
    // Longer than all its patience would have been.
    await new Promise((resolve) => setTimeout(resolve, 400));
    await writeFile(bench.note("go"), "");
    expect(await code).toBe(0);
    expect(bench.types()).toEqual(["listening", "started", "finished"]);
    expect(bench.server.finished).toMatchObject({ exitCode: 0, reason: null });
  });

  it("stays when it already has a job", async () => {
    bench = await openListenerBench();
    const script = `trap 'exit 98' INT TERM; ${listens}; ${hasJob}; ${waitFor(bench.note("go"))}`;
    await writeProgram(bench.runner, script);
    const code = bench.listen({ options: patient });
    await until("started");
    bench.server.tell({ drain: true });
    await bench.server.until(() => bench.server.requests.filter(({ endpoint }) => endpoint === "heartbeat").length > 2);
    await writeFile(bench.note("go"), "");
    expect(await code).toBe(0);
    expect(bench.server.finished.exitCode).toBe(0);
  });
});

describe("a listener with a job", () => {
  const running = `trap 'exit 42' INT; ${listens}; ${hasJob}; ${forever}`;

  it("is stopped orderly when its job is cancelled", async () => {
    bench = await openListenerBench(running);
    const code = bench.listen({ options: patient });
    await until("started");
    bench.server.tell({ cancel: true });
    expect(await code).toBe(0);
    expect(bench.server.finished).toMatchObject({ exitCode: 42, reason: "cancelled-by-user" });
  });

  it("is stopped orderly when the machine is taken away, and the server hears of it first", async () => {
    bench = await openListenerBench(running);
    const code = bench.listen({ options: patient });
    await until("started");
    bench.shutDown();
    expect(await code).toBe(0);
    expect(bench.types()).toEqual(["listening", "started", "interrupted", "finished"]);
    expect(bench.server.finished).toMatchObject({ exitCode: 42, reason: "interrupted" });
  });

  it("goes on while no server can be reached, and its end is told to the one that comes back", async () => {
    bench = await openListenerBench();
    const script = `${listens}; ${hasJob}; ${waitFor(bench.note("go"))}`;
    await writeProgram(bench.runner, script);
    const code = bench.listen({ options: { ...patient, idleSilenceMs: 20 } });
    await until("started");
    await bench.server.die();
    await new Promise((resolve) => setTimeout(resolve, 200));
    await bench.server.start();
    await writeFile(bench.note("go"), "");
    expect(await code).toBe(0);
    expect(bench.server.finished).toMatchObject({ exitCode: 0, reason: null });
  });

  it("is killed, and nothing is said, when its place is taken", async () => {
    bench = await openListenerBench(`trap '' INT TERM; ${listens}; ${hasJob}; ${forever}`);
    const code = bench.listen({ options: { ...patient, graceMs: 600_000 } });
    await until("started");
    bench.server.tell({ stale: true });
    expect(await code).toBe(0);
    expect(bench.server.has("finished")).toBe(false);
    expect(left()).toEqual([]);
    expect(existsSync(bench.boot.jobDir)).toBe(false);
  });
});

describe("an idle listener", () => {
  it("is stopped orderly when no server can be reached for too long", async () => {
    bench = await openListenerBench();
    const script = `trap 'touch ${bench.note("asked")}; exit 0' INT; ${listens}; ${forever}`;
    await writeProgram(bench.runner, script);
    const code = bench.listen({ options: { ...patient, idleSilenceMs: 20 } });
    await until("listening");
    await bench.server.die();
    expect(await code).toBe(0);
    expect(existsSync(bench.note("asked"))).toBe(true);
    expect(left()).toEqual([]);
  });

  it("is stopped orderly at the notice that the machine will be taken away", async () => {
    bench = await openListenerBench(`trap 'exit 0' INT; ${listens}; ${forever}`);
    const notice = new AbortController();
    const code = bench.listen({ options: patient, notice: notice.signal });
    await until("listening");
    notice.abort();
    expect(await code).toBe(0);
    expect(bench.types()).toEqual(["listening", "interrupted", "finished"]);
  });

  it("is stopped orderly when the machine is taken away, which is reported", async () => {
    bench = await openListenerBench(`trap 'exit 0' INT; ${listens}; ${forever}`);
    const code = bench.listen({ options: patient });
    await until("listening");
    bench.shutDown();
    expect(await code).toBe(0);
    expect(bench.server.finished).toMatchObject({ exitCode: 0, reason: "interrupted" });
    expect(bench.server.has("started")).toBe(false);
  });
});
