import { inProcessChanges, observedFiles, observedLedger, type Change } from "../../../runtime/entry/local/changes";
import { ManualClock } from "../../fakes/flow-world";
import { MemoryFiles } from "../../fakes/memory-files";
import { MemoryLedger } from "../../fakes/memory-ledger";
import { someJob, someRunner } from "../../fixtures/records";

const never = new AbortController().signal;

function bus() {
  const errors: string[] = [];
  const changes = inProcessChanges({ log: { error: (sentence) => errors.push(sentence) } });
  const seen: Change[] = [];
  changes.subscribe((change) => seen.push(change));
  return { changes, seen, errors };
}

describe("changes", () => {
  it("tells all who listen, and no longer whoever stopped", () => {
    const { changes, seen } = bus();
    const other: Change[] = [];
    const stop = changes.subscribe((change) => other.push(change));
    changes.publish({ kind: "log", job: "a", size: 1 });
    stop();
    changes.publish({ kind: "log", job: "a", size: 2 });
    expect([seen.length, other.length]).toEqual([2, 1]);
  });

  it("lets a listener that throws neither fail the write nor silence the others", () => {
    const { changes, errors } = bus();
    changes.subscribe(() => {
      throw new Error("broken");
    });
    const later: Change[] = [];
    changes.subscribe((change) => later.push(change));
    expect(() => changes.publish({ kind: "log", job: "a", size: 1 })).not.toThrow();
    expect(later).toHaveLength(1);
    expect(errors).toEqual(["a listener to changes failed"]);
  });

  it("wakes who waits with the first change that matches", async () => {
    const { changes } = bus();
    const told = changes.wait((change) => change.kind === "log" && change.size > 1, 60_000, never);
    changes.publish({ kind: "log", job: "a", size: 1 });
    changes.publish({ kind: "log", job: "a", size: 2 });
    expect(await told).toBe(true);
  });

  it("answers false when the time is over, when it is aborted, and when it was aborted before", async () => {
    const { changes } = bus();
    const all = () => true;
    const abort = new AbortController();
    const waiting = changes.wait(all, 60_000, abort.signal);
    abort.abort();
    expect(await waiting).toBe(false);
    expect(await changes.wait(all, 60_000, abort.signal)).toBe(false);
    expect(await changes.wait(all, 0, never)).toBe(false);
  });
});

describe("an observed ledger", () => {
  it("tells each job and runner that was written, and nothing of a refused write", async () => {
    const { changes, seen } = bus();
    const ledger = observedLedger(new MemoryLedger({ clock: new ManualClock() }), changes);
    const job = someJob();
    const runner = someRunner();
    await ledger.createJob(job);
    await ledger.createJob(job);
    await ledger.saveJob({ ...job, name: "other", version: 2 });
    await ledger.saveJob({ ...job, version: 9 });
    await ledger.createRunner(runner);
    await ledger.saveRunner({ ...runner, draining: true, version: runner.version + 1 });
    await ledger.saveRunner({ ...runner, version: 9 });
    expect(seen.map((change) => change.kind)).toEqual(["job", "job", "runner", "runner"]);
    expect(seen[1]).toMatchObject({ job: { name: "other" } });
  });

  it("answers what the ledger itself answers", async () => {
    const plain = new MemoryLedger({ clock: new ManualClock() });
    const ledger = observedLedger(plain, bus().changes);
    const job = someJob();
    await ledger.createJob(job);
    expect(await ledger.readJob(job.key)).toEqual(await plain.readJob(job.key));
    expect(await ledger.readProfile("small")).toEqual(await plain.readProfile("small"));
    expect(await ledger.listJobs({ limit: 5 })).toEqual(await plain.listJobs({ limit: 5 }));
    expect(await ledger.findJobs(job.id, 5)).toHaveLength(1);
    expect(await ledger.remember("a", "b", Number.MAX_SAFE_INTEGER)).toBe("b");
  });
});

describe("observed files", () => {
  it("tell how long a log is after each piece", async () => {
    const { changes, seen } = bus();
    const files = observedFiles(new MemoryFiles(), changes);
    expect(await files.appendLog("api/local/1", 0, Buffer.from("abc"))).toBe(3);
    expect(seen).toEqual([{ kind: "log", job: "api/local/1", size: 3 }]);
    expect(Buffer.from(await files.readLog("api/local/1", 1, 10)).toString()).toBe("bc");
    expect(await files.logSize("api/local/1")).toBe(3);
  });
});
