/** Where each record lives in the table, and how to tell from a key what lives there. Pure. */
import type { Instant, JobKey } from "../core/model";
import type { DueItem } from "../core/ports";
import { anySecret } from "../core/secret-names";

export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

/** No profile is called "", so jobs that fit none have a partition of their own. */
export const profilePartition = (profile: string | null): string => `PROFILE#${profile ?? ""}`;

export const keys = {
  job: (key: JobKey, profile: string | null): ItemKey => ({ pk: profilePartition(profile), sk: `JOB#${key}` }),
  runner: (profile: string, id: string): ItemKey => ({ pk: profilePartition(profile), sk: `RUNNER#${id}` }),
  planner: (profile: string): ItemKey => ({ pk: profilePartition(profile), sk: "PLANNER" }),
  profile: (profile: string): ItemKey => ({ pk: "PROFILES", sk: profile }),
  fleet: { pk: "FLEET", sk: "FLEET" },
  schema: { pk: "SCHEMA", sk: "SCHEMA" },
  enrolment: (runner: string): ItemKey => ({ pk: `ENROLMENT#${runner}`, sk: "ENROLMENT" }),
  // A secret's hash key is its own name, so that a policy can open it to one function alone (dynamodb:LeadingKeys).
  note: (name: string): ItemKey => ({ pk: name.startsWith(anySecret) ? name : `NOTE#${name}`, sk: "NOTE" }),
} as const;

/** What the keys of a job or runner say; `undefined` for everything else. */
export function parseKey({ pk, sk }: ItemKey): DueItem | undefined {
  if (!pk.startsWith("PROFILE#")) return undefined;
  const profile = pk.slice("PROFILE#".length);
  if (sk.startsWith("JOB#")) return { kind: "job", key: sk.slice("JOB#".length), profile: profile || null };
  if (sk.startsWith("RUNNER#")) return { kind: "runner", id: sk.slice("RUNNER#".length), profile };
  return undefined;
}

/** Why an item stands in the index `deadlines`. */
export type DueKind = "deadline" | "finished" | "expired";
/** One partition would bound the writes of the whole fleet. */
export const dueShards = 8;

export function duePartition(kind: DueKind, { pk, sk }: ItemKey): string {
  return `${kind}#${fnv1a(pk + sk) % dueShards}`;
}

export function duePartitions(kind: DueKind): readonly string[] {
  return Array.from({ length: dueShards }, (_, shard) => `${kind}#${shard}`);
}

/** Sorts by time; the key makes it unique, so that it can serve as a cursor. */
export function recentAt(job: { readonly createdAt: Instant; readonly key: JobKey }): string {
  return `${String(job.createdAt).padStart(15, "0")}#${job.key}`;
}

/** The part of a job key after source and host; all of it when it has no such parts. */
export function idOfKey(key: JobKey): string {
  const parts = key.split("/");
  return parts.length < 3 ? key : parts.slice(2).join("/");
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
