/** Records as items: the record itself, and beside it the attributes that put it into an index or end it. Pure. */
import type { FleetRecord, Instant, Job, PlannerRecord, Runner } from "../core/model";
import { isFinal, isGone } from "../core/lifecycle";
import { duePartition, keys, recentAt, type DueKind, type ItemKey } from "./keys";

export interface Item extends ItemKey {
  readonly record?: unknown;
  readonly version?: number;
  /** When it counts as gone, to the millisecond; the TTL of the store knows seconds only, and is days late. */
  readonly expiresAtMs?: number;
  readonly dueAt?: number;
  readonly [attribute: string]: unknown;
}

/** How what is over goes. */
export interface Keeping {
  readonly retentionMs: number;
  readonly now: Instant;
  /** The store removes by itself what has expired; else somebody has to find it again. */
  readonly hasTtl: boolean;
}

export function jobItem(job: Job, keeping: Keeping): Item {
  const key = keys.job(job.key, job.profile);
  const [lowerId, lowerKey] = [job.id.toLowerCase(), job.key.toLowerCase()];
  return {
    ...key,
    record: job,
    version: job.version,
    state: job.state,
    source: job.source,
    profile: job.profile ?? undefined,
    ...{ lowerId, lowerKey, recent: "JOBS", recentAt: recentAt(job) },
    ...(isFinal(job.state) ? ended(key, job.finishedAt ?? keeping.now, keeping) : open(key, job.deadlineAt)),
  };
}

export function runnerItem(runner: Runner, keeping: Keeping): Item {
  const key = keys.runner(runner.profile, runner.id);
  return {
    ...key,
    record: runner,
    version: runner.version,
    ...(isGone(runner.state) ? ended(key, keeping.now, keeping) : open(key, runner.deadlineAt)),
  };
}

export function plannerItem(planner: PlannerRecord): Item {
  const key = keys.planner(planner.profile);
  return { ...key, record: planner, version: planner.version, live: key.sk };
}

export function fleetItem(fleet: FleetRecord): Item {
  return { ...keys.fleet, record: fleet, version: fleet.version };
}

export interface Passing extends Pick<Keeping, "hasTtl"> {
  readonly record: unknown;
  readonly expiresAt: Instant;
}

/** An item that counts as gone from `expiresAt` on. */
export function passingItem(key: ItemKey, { record, expiresAt, hasTtl }: Passing): Item {
  return { ...key, record, ...expiry(expiresAt), ...(hasTtl ? {} : due("expired", key, expiresAt)) };
}

/** `live` never changes while it is there: a change would take the item out of the index for a moment. */
function open(key: ItemKey, deadlineAt: Instant | null): Partial<Item> {
  return { live: key.sk, ...(deadlineAt === null ? {} : due("deadline", key, deadlineAt)) };
}

function ended(key: ItemKey, at: Instant, { retentionMs, hasTtl }: Keeping): Partial<Item> {
  return { ...expiry(at + retentionMs), ...(hasTtl ? {} : due("finished", key, at)) };
}

function due(kind: DueKind, key: ItemKey, at: Instant): Partial<Item> {
  return { due: duePartition(kind, key), dueAt: at };
}

function expiry(at: Instant): Partial<Item> {
  return { expiresAtMs: at, expiresAt: Math.ceil(at / 1000) };
}
