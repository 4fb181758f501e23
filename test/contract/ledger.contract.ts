/** What every `Ledger` promises. Writing jobs here, finding them in `ledger-finding.contract.ts`; what lives beside them in `ledger-rest.contract.ts`. */
import type { Instant, Job } from "../../runtime/core/model";
import type { Clock, Ledger } from "../../runtime/core/ports";
import { noon, someJob } from "../fixtures/records";
import { findingContract } from "./ledger-finding.contract";
import { fleetAndPlannerContract, passingContract } from "./ledger-rest.contract";

export interface LedgerWorld {
  readonly ledger: Ledger;
  close(): Promise<void>;
}

/** A clock that stands still until it is set. */
export class SetClock implements Clock {
  #now: Instant = noon;
  now(): Instant {
    return this.#now;
  }
  set(now: Instant): void {
    this.#now = now;
  }
}

export interface LedgerWorldOptions {
  readonly clock: Clock;
  readonly retentionMs: () => number;
}

export type MakeLedgerWorld = (options: LedgerWorldOptions) => Promise<LedgerWorld>;

/** What a test holds; renewed before each. */
export interface LedgerBench {
  readonly ledger: Ledger;
  readonly clock: SetClock;
}

export const retentionMs = 60_000;

export function ledgerContract(name: string, makeWorld: MakeLedgerWorld): void {
  describe(`${name} keeps the Ledger contract`, () => {
    let world: LedgerWorld;
    let clock = new SetClock();
    beforeEach(async () => {
      clock = new SetClock();
      world = await makeWorld({ clock, retentionMs: () => retentionMs });
    });
    afterEach(() => world.close());
    const bench = (): LedgerBench => ({ ledger: world.ledger, clock });

    describe("writing jobs", () => writingContract(bench));
    describe("finding jobs", () => findingContract(bench));
    describe("planners, runners and the fleet", () => fleetAndPlannerContract(bench));
    describe("what passes", () => passingContract(bench));
  });
}

export function finished(changes: Partial<Job> = {}): Job {
  return someJob({ state: "completed", finishedAt: noon, deadlineAt: null, exitCode: 0, ...changes });
}

function writingContract(bench: () => LedgerBench): void {
  it("reads a job back exactly as it was created", async () => {
    const { ledger } = bench();
    const job = someJob({
      labels: [],
      detail: "",
      work: { command: ["a b", ""], env: { A: "" }, timeoutMs: 1, bundle: null },
    });
    expect(await ledger.createJob(job)).toEqual({ written: true, record: job });
    expect(await ledger.readJob(job.key, "small")).toEqual(job);
  });

  it("refuses to create a job twice and answers the one that stands", async () => {
    const { ledger } = bench();
    await ledger.createJob(someJob());
    expect(await ledger.createJob(someJob({ name: "other" }))).toEqual({ written: false, current: someJob() });
    expect(await ledger.readJob(someJob().key, "small")).toEqual(someJob());
  });

  it("saves a job over the version before it", async () => {
    const { ledger } = bench();
    await ledger.createJob(someJob());
    const next = someJob({ state: "starting", version: 2 });
    expect(await ledger.saveJob(next)).toEqual({ written: true, record: next });
    expect(await ledger.readJob(next.key, "small")).toEqual(next);
  });

  it.each([
    { claim: "the same version", version: 1 },
    { claim: "a version further on", version: 3 },
  ])("refuses to save a job with $claim and answers the one that stands", async ({ version }) => {
    const { ledger } = bench();
    await ledger.createJob(someJob());
    expect(await ledger.saveJob(someJob({ version, name: "other" }))).toEqual({ written: false, current: someJob() });
  });

  it("refuses to save a job that was never created", async () => {
    const { ledger } = bench();
    expect(await ledger.saveJob(someJob({ version: 2 }))).toEqual({ written: false, current: undefined });
    expect(await ledger.saveJob(someJob({ version: 1 }))).toEqual({ written: false, current: undefined });
    expect(await ledger.readJob(someJob().key)).toBeUndefined();
  });

  it("lets exactly one of 100 writers win the same version", async () => {
    const { ledger } = bench();
    await ledger.createJob(someJob());
    const tries = Array.from({ length: 100 }, (_, n) => ledger.saveJob(someJob({ version: 2, name: `writer ${n}` })));
    const results = await Promise.all(tries);
    const winners = results.flatMap((result) => (result.written ? [result.record] : []));
    expect(winners).toHaveLength(1);
    expect(await ledger.readJob(someJob().key, "small")).toEqual(winners[0]);
  });

  it("lets exactly one of 100 writers win even when all write the same", async () => {
    const { ledger } = bench();
    const results = await Promise.all(Array.from({ length: 100 }, () => ledger.createJob(someJob())));
    expect(results.filter(({ written }) => written)).toHaveLength(1);
  });

  it("finds a job without knowing its profile", async () => {
    const { ledger } = bench();
    const unrouted = someJob({ id: "02B", key: "api/local/02B", profile: null, reach: null });
    await ledger.createJob(someJob());
    await ledger.createJob(unrouted);
    expect(await ledger.readJob(someJob().key)).toEqual(someJob());
    expect(await ledger.readJob(unrouted.key)).toEqual(unrouted);
    expect(await ledger.readJob(unrouted.key, null)).toEqual(unrouted);
    expect(await ledger.readJob("api/local/none")).toBeUndefined();
  });

  it("keeps jobs of different sources apart that have the same id", async () => {
    const { ledger } = bench();
    const other = someJob({ id: "7", key: "gh/github.com/7", source: "gh", host: "github.com" });
    const ours = someJob({ id: "7", key: "api/local/7" });
    await ledger.createJob(other);
    await ledger.createJob(ours);
    expect(await ledger.readJob(other.key)).toEqual(other);
    expect(await ledger.readJob(ours.key)).toEqual(ours);
  });

  it("prefers the routed record of a job that found its profile late", async () => {
    const { ledger } = bench();
    const unrouted = someJob({ profile: null, reach: null });
    await ledger.createJob(unrouted);
    await ledger.createJob(someJob());
    expect(await ledger.readJob(unrouted.key)).toEqual(someJob());
    expect((await ledger.listJobs({ limit: 10 })).items).toEqual([someJob()]);
    expect(await ledger.findJobs(unrouted.id.slice(0, 8), 10)).toEqual([someJob()]);
  });

  it("finds a job that stands in two profiles in both by its whole key or id, else once", async () => {
    const { ledger } = bench();
    const { key, id } = someJob();
    const places = [someJob({ profile: null, reach: null }), someJob(), someJob({ profile: "large" })];
    for (const job of places) await ledger.createJob(job);
    const profiles = (found: readonly Job[]) => found.map(({ profile }) => profile).sort();
    for (const name of [key, id]) expect(profiles(await ledger.findJobs(name, 5))).toEqual(["large", "small"]);
    expect(await ledger.findJobs(id, 1)).toHaveLength(1);
    expect(await ledger.findJobs(id.slice(0, -1), 5)).toHaveLength(1);
    expect((await ledger.listJobs({ limit: 5 })).items).toHaveLength(1);
    for (const profile of ["small", "large"])
      expect(profiles((await ledger.listJobs({ limit: 5, profile })).items)).toEqual([profile]);
  });

  it("treats a finished job past its retention as absent everywhere, and lets its key be used again", async () => {
    const { ledger, clock } = bench();
    const old = finished();
    await ledger.createJob(old);
    clock.set(noon + retentionMs - 1);
    expect(await ledger.readJob(old.key, "small")).toEqual(old);
    clock.set(noon + retentionMs);
    expect(await ledger.readJob(old.key, "small")).toBeUndefined();
    expect(await ledger.readJob(old.key)).toBeUndefined();
    expect((await ledger.listJobs({ limit: 10 })).items).toEqual([]);
    expect(await ledger.findJobs(old.id, 10)).toEqual([]);
    expect(await ledger.saveJob({ ...old, version: 2 })).toEqual({ written: false, current: undefined });
    expect(await ledger.createJob(someJob())).toEqual({ written: true, record: someJob() });
  });
}
