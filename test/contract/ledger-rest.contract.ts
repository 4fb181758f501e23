/** The part of the Ledger contract about everything but jobs themselves; run by `ledgerContract`. */
import type { FleetRecord, Job, PlannerRecord } from "../../runtime/core/model";
import { noon, someJob, someRunner } from "../fixtures/records";
import { notesContract } from "./ledger-notes.contract";
import { finished, retentionMs, type LedgerBench } from "./ledger.contract";

const planner: PlannerRecord = {
  profile: "small",
  lease: { holder: "me", until: noon },
  dirty: true,
  launches: [],
  blocked: {},
  breakers: {},
  version: 1,
};

const fleet: FleetRecord = {
  shares: { small: { runners: 2, planner: 1, at: 0 } },
  hungry: ["large"],
  draining: false,
  version: 1,
};

export function fleetAndPlannerContract(bench: () => LedgerBench): void {
  it("reads a profile nobody wrote as empty, with version 0", async () => {
    const empty = { ...planner, lease: null, dirty: false, version: 0 };
    expect(await bench().ledger.readProfile("small")).toEqual({ planner: empty, jobs: [], runners: [] });
  });

  it("reads planner, open jobs and live runners of one profile, and nothing else", async () => {
    const { ledger } = bench();
    const [open, other] = [someJob({ id: "1", key: "api/local/1" }), someJob({ id: "2", key: "api/local/2" })];
    await ledger.savePlanner(planner);
    await ledger.createJob(open);
    await ledger.createJob({ ...other, profile: "large" });
    await ledger.createJob(finished({ id: "3", key: "api/local/3" }));
    await ledger.createRunner(someRunner());
    await ledger.createRunner(someRunner({ id: "r2", state: "gone", deadlineAt: null }));
    await ledger.createRunner(someRunner({ id: "r3", profile: "large" }));
    expect(await ledger.readProfile("small")).toEqual({ planner, jobs: [open], runners: [someRunner()] });
  });

  it("takes jobs and runners out of their profile with the write that ends them", async () => {
    const { ledger } = bench();
    await ledger.createJob(someJob());
    await ledger.createRunner(someRunner());
    await ledger.saveJob(finished({ version: 2 }));
    await ledger.saveRunner(someRunner({ state: "gone", deadlineAt: null, version: 2 }));
    expect(await ledger.readProfile("small")).toMatchObject({ jobs: [], runners: [] });
    expect(await ledger.readJob(someJob().key, "small")).toEqual(finished({ version: 2 }));
    expect((await ledger.readRunner("small", "r1"))?.state).toBe("gone");
  });

  it("reads a profile whole, however much it holds", async () => {
    const { ledger } = bench();
    const text = "x".repeat(100_000);
    const jobs = Array.from({ length: 24 }, (_, n) => someJob({ id: `${n}`, key: `api/local/${n}`, detail: text }));
    for (const job of jobs) await ledger.createJob(job);
    const keys = (await ledger.readProfile("small")).jobs.map(({ key }) => key);
    expect([...keys].sort()).toEqual(jobs.map(({ key }) => key).sort());
    expect((await ledger.listJobs({ limit: 24 })).items).toHaveLength(24);
  });

  it("keeps jobs that fit no profile by themselves, until they end", async () => {
    const { ledger } = bench();
    const unrouted = someJob({ profile: null, reach: null });
    await ledger.createJob(unrouted);
    await ledger.createJob(someJob({ id: "2", key: "api/local/2" }));
    expect(await ledger.readUnrouted()).toEqual([unrouted]);
    await ledger.saveJob(finished({ profile: null, version: 2 }));
    expect(await ledger.readUnrouted()).toEqual([]);
  });

  it("creates and saves runners on the same conditions as jobs", async () => {
    const { ledger } = bench();
    const runner = someRunner();
    expect(await ledger.createRunner(runner)).toEqual({ written: true, record: runner });
    expect(await ledger.createRunner(runner)).toEqual({ written: false, current: runner });
    const next = someRunner({ state: "running", version: 2 });
    expect(await ledger.saveRunner(next)).toEqual({ written: true, record: next });
    expect(await ledger.saveRunner(next)).toEqual({ written: false, current: next });
    expect(await ledger.readRunner("small", "r1")).toEqual(next);
    expect(await ledger.readRunner("large", "r1")).toBeUndefined();
  });

  it.each([1_000, 1_024, 1_100, 2_100, 70_000])("knows nobody whose name has %d characters", async (length) => {
    const { ledger } = bench();
    const name = "ä".repeat(length / 2);
    expect(await ledger.readRunner("small", name)).toBeUndefined();
    expect(await ledger.readJob(name)).toBeUndefined();
    expect(await ledger.readJob(name, "small")).toBeUndefined();
    expect(await ledger.findJobs(name, 10)).toEqual([]);
    expect(await ledger.readEnrolment(name)).toBeUndefined();
  });

  it("treats a gone runner past its retention as absent", async () => {
    const { ledger, clock } = bench();
    await ledger.createRunner(someRunner({ state: "gone", deadlineAt: null }));
    clock.set(noon + retentionMs);
    expect(await ledger.readRunner("small", "r1")).toBeUndefined();
  });

  it("saves a planner first as version 1, then over the version before", async () => {
    const { ledger } = bench();
    expect(await ledger.savePlanner({ ...planner, version: 2 })).toEqual({ written: false, current: undefined });
    expect(await ledger.savePlanner(planner)).toEqual({ written: true, record: planner });
    expect(await ledger.savePlanner(planner)).toEqual({ written: false, current: planner });
    const next = { ...planner, lease: null, version: 2 };
    expect(await ledger.savePlanner(next)).toEqual({ written: true, record: next });
    expect((await ledger.readProfile("small")).planner).toEqual(next);
  });

  it("lets exactly one of many planners take the lease", async () => {
    const { ledger } = bench();
    const tries = Array.from({ length: 20 }, (_, n) =>
      ledger.savePlanner({ ...planner, lease: { holder: `planner ${n}`, until: noon } }),
    );
    expect((await Promise.all(tries)).filter(({ written }) => written)).toHaveLength(1);
  });

  it("lists every profile that was ever planned, once", async () => {
    const { ledger } = bench();
    expect(await ledger.listProfiles()).toEqual([]);
    await ledger.savePlanner(planner);
    await ledger.savePlanner({ ...planner, version: 2 });
    await ledger.savePlanner({ ...planner, profile: "large" });
    expect([...(await ledger.listProfiles())].sort()).toEqual(["large", "small"]);
  });

  it("reads the fleet as empty at first, then saves it over the version before", async () => {
    const { ledger } = bench();
    expect(await ledger.readFleet()).toEqual({ shares: {}, hungry: [], draining: false, version: 0 });
    expect(await ledger.saveFleet(fleet)).toEqual({ written: true, record: fleet });
    expect(await ledger.saveFleet(fleet)).toEqual({ written: false, current: fleet });
    expect(await ledger.saveFleet({ ...fleet, version: 2 })).toMatchObject({ written: true });
    expect((await ledger.readFleet()).version).toBe(2);
  });
}

export function passingContract(bench: () => LedgerBench): void {
  const enrolment = { executor: "command", payload: "p", handle: null } as const;
  const job = (id: string, changes: Partial<Job>): Job => someJob({ id, key: `api/local/${id}`, ...changes });

  it("drops exactly the version of a job that was read, and minds nothing that is gone", async () => {
    const { ledger } = bench();
    const made = someJob();
    await ledger.createJob(made);
    await ledger.saveJob({ ...made, version: 2 });
    expect(await ledger.dropJob(made)).toBe(false);
    expect(await ledger.readJob(made.key, "small")).toMatchObject({ version: 2 });
    expect(await ledger.dropJob({ ...made, version: 2 })).toBe(true);
    expect(await ledger.dropJob({ ...made, version: 2 })).toBe(true);
    expect(await ledger.readJob(made.key)).toBeUndefined();
    expect((await ledger.listJobs({ limit: 10 })).items).toEqual([]);
  });

  it("keeps an enrolment until it is dropped, and the last one saved", async () => {
    const { ledger } = bench();
    expect(await ledger.readEnrolment("r1")).toBeUndefined();
    await ledger.saveEnrolment("r1", enrolment, noon + 1);
    await ledger.saveEnrolment("r1", { ...enrolment, payload: "q" }, noon + 1);
    expect(await ledger.readEnrolment("r1")).toEqual({ ...enrolment, payload: "q" });
    await ledger.dropEnrolment("r1");
    await ledger.dropEnrolment("r1");
    expect(await ledger.readEnrolment("r1")).toBeUndefined();
  });

  it("does not hand out an enrolment that expired", async () => {
    const { ledger, clock } = bench();
    await ledger.saveEnrolment("r1", enrolment, noon + 1500);
    clock.set(noon + 1499);
    expect(await ledger.readEnrolment("r1")).toEqual(enrolment);
    clock.set(noon + 1500);
    expect(await ledger.readEnrolment("r1")).toBeUndefined();
  });

  it("remembers what was said first, until it expires", async () => {
    const { ledger, clock } = bench();
    expect(await ledger.remember("key", "first", noon + 1500)).toBe("first");
    expect(await ledger.remember("key", "second", noon + 9000)).toBe("first");
    expect(await ledger.remember("SECRET#key", "other", noon + 9000)).toBe("other");
    expect([await ledger.readNote("key"), await ledger.readNote("SECRET#key")]).toMatchObject([
      { value: "first" },
      { value: "other" },
    ]);
    clock.set(noon + 1500);
    expect(await ledger.readNote("key")).toBeUndefined();
    expect(await ledger.remember("key", "second", noon + 9000)).toBe("second");
  });

  it("tells all who remember at once the same", async () => {
    const tries = Array.from({ length: 20 }, (_, n) => bench().ledger.remember("key", `${n}`, noon + 1));
    expect(new Set(await Promise.all(tries)).size).toBe(1);
  });

  describe("a note", () => notesContract(bench));

  it("names overdue jobs and runners, oldest first, up to the limit", async () => {
    const { ledger } = bench();
    await ledger.createJob(job("late", { deadlineAt: noon - 1 }));
    await ledger.createJob(job("lost", { deadlineAt: noon - 9, profile: null, reach: null }));
    await ledger.createJob(job("now", { deadlineAt: noon }));
    await ledger.createJob(job("early", { deadlineAt: noon + 1 }));
    await ledger.createJob(finished({ id: "over", key: "api/local/over" }));
    await ledger.createRunner(someRunner({ deadlineAt: noon - 5 }));
    const due = [
      { kind: "job", key: "api/local/lost", profile: null },
      { kind: "runner", id: "r1", profile: "small" },
      { kind: "job", key: "api/local/late", profile: "small" },
      { kind: "job", key: "api/local/now", profile: "small" },
    ];
    expect(await ledger.due(noon, 10)).toEqual(due);
    expect(await ledger.due(noon, 2)).toEqual(due.slice(0, 2));
    expect(await ledger.due(noon - 10, 10)).toEqual([]);
  });

  it("forgets a deadline that was moved or met", async () => {
    const { ledger } = bench();
    await ledger.createJob(job("a", { deadlineAt: noon }));
    await ledger.createJob(job("b", { deadlineAt: noon }));
    await ledger.saveJob(job("a", { deadlineAt: noon + 5, version: 2 }));
    await ledger.saveJob(finished({ id: "b", key: "api/local/b", version: 2 }));
    expect(await ledger.due(noon, 10)).toEqual([]);
    expect(await ledger.due(noon + 5, 10)).toEqual([{ kind: "job", key: "api/local/a", profile: "small" }]);
  });

  it("purges finished jobs older than asked for, oldest first, and names them", async () => {
    const { ledger } = bench();
    for (const n of [3, 1, 2]) {
      await ledger.createJob(finished({ id: `${n}`, key: `api/local/${n}`, finishedAt: noon + n }));
    }
    await ledger.createJob(job("open", {}));
    expect(await ledger.purge(noon + 3, 1)).toEqual([{ job: "api/local/1" }]);
    expect(await ledger.purge(noon + 3, 10)).toEqual([{ job: "api/local/2" }]);
    expect(await ledger.purge(noon + 3, 10)).toEqual([]);
    expect((await ledger.listJobs({ limit: 10 })).items.map(({ id }) => id).sort()).toEqual(["3", "open"]);
    expect(await ledger.readJob("api/local/1")).toBeUndefined();
  });

  it("purges finished jobs that read as absent already", async () => {
    const { ledger, clock } = bench();
    await ledger.createJob(finished());
    clock.set(noon + 2 * retentionMs);
    expect(await ledger.purge(noon + retentionMs, 10)).toEqual([{ job: someJob().key }]);
    expect(await ledger.purge(noon + retentionMs, 10)).toEqual([]);
  });

  it("purges gone runners, but names jobs only", async () => {
    const { ledger } = bench();
    await ledger.createRunner(someRunner({ state: "gone", deadlineAt: null }));
    expect(await ledger.purge(noon + 1, 10)).toEqual([]);
    expect(await ledger.readRunner("small", "r1")).toBeUndefined();
    expect(await ledger.createRunner(someRunner())).toMatchObject({ written: true });
  });

  it("does not purge a job whose key is in use again", async () => {
    const { ledger, clock } = bench();
    await ledger.createJob(finished());
    clock.set(noon + retentionMs);
    await ledger.createJob(someJob());
    expect(await ledger.purge(noon + retentionMs, 10)).toEqual([]);
    expect(await ledger.readJob(someJob().key, "small")).toEqual(someJob());
  });
}
