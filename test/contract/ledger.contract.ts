/** What every `Ledger` promises. Jobs here; what lives beside them in `ledger-rest.contract.ts`. */
import type { Instant, Job } from "../../runtime/core/model";
import type { Clock, JobQuery, Ledger } from "../../runtime/core/ports";
import { noon, someJob } from "../fixtures/records";
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

function findingContract(bench: () => LedgerBench): void {
  const numbered = (n: number, changes: Partial<Job> = {}): Job => {
    const id = `JOB${String(n).padStart(3, "0")}`;
    return someJob({ id, key: `api/local/${id}`, createdAt: noon + n, ...changes });
  };
  const createAll = async (jobs: readonly Job[]): Promise<void> => {
    for (const job of jobs) await bench().ledger.createJob(job);
  };
  const pages = async (query: JobQuery): Promise<readonly (readonly string[])[]> => {
    const found: string[][] = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<Ledger["listJobs"]>> = await bench().ledger.listJobs({
        ...query,
        ...(cursor === null ? {} : { cursor }),
      });
      found.push(page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== null);
    return found;
  };

  it("lists jobs newest first, page by page, with none twice and none left out", async () => {
    await createAll([3, 1, 4, 0, 2].map((n) => numbered(n)));
    expect(await pages({ limit: 2 })).toEqual([["JOB004", "JOB003"], ["JOB002", "JOB001"], ["JOB000"]]);
  });

  it("lists jobs of the same moment in one order over all pages", async () => {
    await createAll([1, 2, 3].map((n) => numbered(n, { createdAt: noon })));
    expect(await pages({ limit: 1 })).toEqual([["JOB003"], ["JOB002"], ["JOB001"]]);
  });

  it("answers no cursor when a page ends with the last job", async () => {
    await createAll([1, 2].map((n) => numbered(n)));
    expect((await bench().ledger.listJobs({ limit: 2 })).nextCursor).toBeNull();
    expect(await bench().ledger.listJobs({ limit: 1, state: "failed" })).toEqual({ items: [], nextCursor: null });
  });

  it("goes on from a cursor even when newer jobs came in between", async () => {
    const { ledger } = bench();
    await createAll([1, 2, 3].map((n) => numbered(n)));
    const { nextCursor } = await ledger.listJobs({ limit: 2 });
    await createAll([numbered(4)]);
    const next = await ledger.listJobs({ limit: 2, cursor: nextCursor ?? "" });
    expect(next.items.map(({ id }) => id)).toEqual(["JOB001"]);
  });

  it("fills a page to its limit with what passes the filters", async () => {
    await createAll(
      Array.from({ length: 40 }, (_, n) =>
        n % 10 === 0 ? finished({ ...numbered(n), state: "failed" }) : numbered(n),
      ),
    );
    expect(await pages({ limit: 3, state: "failed" })).toEqual([["JOB030", "JOB020", "JOB010"], ["JOB000"]]);
  });

  it.each<{ filter: Partial<JobQuery>; expected: readonly string[] }>([
    { filter: { source: "gh" }, expected: ["JOB002"] },
    { filter: { profile: "large" }, expected: ["JOB003"] },
    { filter: { state: "running" }, expected: ["JOB004"] },
    { filter: { source: "api", profile: "small", state: "queued" }, expected: ["JOB001"] },
    { filter: { source: "none" }, expected: [] },
  ])("filters by $filter", async ({ filter, expected }) => {
    await createAll([
      numbered(1),
      numbered(2, { source: "gh", key: "gh/local/JOB002" }),
      numbered(3, { profile: "large" }),
      numbered(4, { state: "running" }),
      numbered(5, { profile: null, state: "waiting" }),
    ]);
    expect((await bench().ledger.listJobs({ limit: 10, ...filter })).items.map(({ id }) => id)).toEqual(expected);
  });

  it("follows a job's state in lists", async () => {
    const { ledger } = bench();
    await ledger.createJob(numbered(1));
    await ledger.saveJob(numbered(1, { state: "running", version: 2 }));
    expect((await ledger.listJobs({ limit: 1, state: "queued" })).items).toEqual([]);
    expect((await ledger.listJobs({ limit: 1, state: "running" })).items).toHaveLength(1);
  });

  it.each([
    "",
    "x",
    "%%%",
    Buffer.from("{}").toString("base64url"),
    Buffer.from("000000000000001").toString("base64url"),
  ])("refuses the cursor %j as the caller's error", async (cursor) => {
    await expect(bench().ledger.listJobs({ limit: 1, cursor })).rejects.toMatchObject({ code: "bad-request" });
  });

  it.each([
    { prefix: "JOB00", found: ["JOB002", "JOB001"] },
    { prefix: "job001", found: ["JOB001"] },
    { prefix: "api/local/JOB0", found: ["JOB010", "JOB002", "JOB001"] },
    { prefix: "gh/", found: ["8899"] },
    { prefix: "local", found: [] },
    { prefix: "", found: [] },
  ])("finds jobs whose key or id begins with '$prefix'", async ({ prefix, found }) => {
    await createAll([
      numbered(1),
      numbered(2),
      numbered(10),
      someJob({ id: "8899", key: "gh/github.com/8899", source: "gh", createdAt: noon }),
    ]);
    expect((await bench().ledger.findJobs(prefix, 10)).map(({ id }) => id)).toEqual(found);
  });

  it("finds at most as many as asked for", async () => {
    await createAll([1, 2, 3].map((n) => numbered(n)));
    expect(await bench().ledger.findJobs("JOB", 2)).toHaveLength(2);
  });

  it("finds by a whole id or key that job alone, even when others go on from it", async () => {
    await createAll(["12", "123"].map((id) => someJob({ id, key: `gh/github.com/${id}` })));
    expect((await bench().ledger.findJobs("12", 10)).map(({ id }) => id)).toEqual(["12"]);
    expect((await bench().ledger.findJobs("gh/github.com/12", 10)).map(({ id }) => id)).toEqual(["12"]);
    expect((await bench().ledger.findJobs("1", 10)).map(({ id }) => id)).toEqual(["123", "12"]);
  });
}
