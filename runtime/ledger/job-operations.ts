import type { Job, JobKey } from "../core/model";
import type { JobQuery, Ledger, Page } from "../core/ports";
import { decodeCursor, encodeCursor } from "./cursor";
import { jobItem, type Item } from "./items";
import { idOfKey, keys, recentAt } from "./keys";
import type { IndexQuery } from "./ledger-store";
import { writtenOf, type LedgerContext } from "./ledger-context";

type JobOperations = Pick<Ledger, "createJob" | "saveJob" | "dropJob" | "readJob" | "listJobs" | "findJobs">;

/** As many keys as one batch read takes. */
const chunk = 100;

export function jobOperations(context: LedgerContext): JobOperations {
  const { store, clock, retentionMs, hasTtl } = context;
  const item = (job: Job) => jobItem(job, { retentionMs: retentionMs(), now: clock.now(), hasTtl });
  return {
    createJob: async (job) => writtenOf(job, await store.put(item(job), "absent")),
    saveJob: async (job) => writtenOf(job, await store.put(item(job), job.version - 1)),
    dropJob: (job) => store.removeVersion(keys.job(job.key, job.profile), job.version),
    readJob: async (key, profile) => {
      if (profile !== undefined) return recordOf(await store.get(keys.job(key, profile)));
      const jobs = await readById(context, idOfKey(key));
      return jobs.find((job) => job.key === key);
    },
    listJobs: (query) => listJobs(context, query),
    findJobs: (prefix, limit) => findJobs(context, prefix, limit),
  };
}

async function listJobs(context: LedgerContext, query: JobQuery): Promise<Page<Job>> {
  // One more than asked for tells whether there is a next page.
  const wanted = query.limit + 1;
  const filters = (["state", "source", "profile"] as const).filter((name) => query[name] !== undefined);
  const jobs = await readRecent(context, {
    wanted,
    before: query.cursor === undefined ? undefined : decodeCursor(query.cursor),
    filter: filters.map((name) => `#${name} = :${name}`).join(" AND "),
    values: Object.fromEntries(filters.map((name) => [`:${name}`, query[name]])),
    // The index may lag, so the record decides.
    matches: (job) => filters.every((name) => job[name] === query[name]),
  });
  const items = jobs.slice(0, query.limit);
  const last = items.at(-1);
  return { items, nextCursor: jobs.length > items.length && last !== undefined ? encodeCursor(last) : null };
}

/** A whole key or id means that job alone, even where other ids go on from it. */
async function findJobs(context: LedgerContext, prefix: string, limit: number): Promise<readonly Job[]> {
  const start = prefix.toLowerCase();
  if (start === "") return [];
  const named = await Promise.all([...new Set([start, idOfKey(start)])].map((id) => readById(context, id)));
  const exact = named.flat().filter((job) => [job.key.toLowerCase(), job.id.toLowerCase()].includes(start));
  if (exact.length > 0) return exact.slice(0, limit);
  const jobs = await readRecent(context, {
    wanted: limit + 1,
    before: undefined,
    filter: "begins_with(#lowerKey, :start) OR begins_with(#lowerId, :start)",
    values: { ":start": start },
    matches: () => true,
  });
  return jobs.slice(0, limit);
}

interface RecentQuery {
  readonly wanted: number;
  readonly before: string | undefined;
  readonly filter: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly matches: (job: Job) => boolean;
}

/** At least `wanted` jobs, newest first, as long as there are so many. */
async function readRecent({ store }: LedgerContext, query: RecentQuery): Promise<readonly Job[]> {
  const found: Job[] = [];
  const seen = new Map<JobKey, number>();
  for await (const page of store.pages(recentIndex(query))) {
    let read = 0;
    while (read < page.length && found.length < query.wanted) {
      const some = page.slice(read, read + Math.min(chunk, query.wanted - found.length));
      read += some.length;
      const jobs = recordsOf(await store.getMany(some)).filter(query.matches);
      for (const job of jobs.sort(newestFirst)) {
        const at = seen.get(job.key);
        if (at === undefined) seen.set(job.key, found.push(job) - 1);
        else if (job.profile !== null) found[at] = job;
      }
    }
    if (found.length >= query.wanted) break;
  }
  return found;
}

function recentIndex(query: RecentQuery): IndexQuery {
  const { before, filter, wanted } = query;
  return {
    index: "recent",
    where: before === undefined ? "#recent = :jobs" : "#recent = :jobs AND #recentAt < :before",
    ...(filter === "" ? { pageSize: wanted } : { filter }),
    values: { ":jobs": "JOBS", ...query.values, ...(before === undefined ? {} : { ":before": before }) },
    newestFirst: true,
  };
}

/** All jobs with this id, from whatever source; one that found a profile late stands before its unrouted self. */
async function readById({ store }: LedgerContext, id: string): Promise<readonly Job[]> {
  if (id === "") return [];
  const entries: Item[] = [];
  const query = { index: "byId", where: "#lowerId = :id", values: { ":id": id.toLowerCase() } } as const;
  for await (const page of store.pages(query)) entries.push(...page);
  const jobs = recordsOf(await store.getMany(entries));
  const routed = new Set(jobs.filter((job) => job.profile !== null).map((job) => job.key));
  return jobs.filter((job) => job.profile !== null || !routed.has(job.key)).sort(newestFirst);
}

function newestFirst(a: Job, b: Job): number {
  return recentAt(a) < recentAt(b) ? 1 : -1;
}

function recordsOf(items: readonly Item[]): Job[] {
  return items.flatMap((item) => recordOf(item) ?? []);
}

function recordOf(item: Item | undefined): Job | undefined {
  return item?.record as Job | undefined;
}
