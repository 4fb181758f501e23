/** The part of the Ledger contract about lists of jobs and finding them by name; run by `ledgerContract`. */
import type { Job } from "../../runtime/core/model";
import type { JobQuery, Ledger } from "../../runtime/core/ports";
import { noon, someJob } from "../fixtures/records";
import { finished, type LedgerBench } from "./ledger.contract";

export function findingContract(bench: () => LedgerBench): void {
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
