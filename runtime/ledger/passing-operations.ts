/** Records that end by themselves (enrolments, notes), what is overdue, and what is old enough to go. */
import type { Enrolment, Instant } from "../core/model";
import type { DueItem, Ledger, Note } from "../core/ports";
import { passingItem, type Item } from "./items";
import { duePartitions, keys, parseKey, type DueKind } from "./keys";
import type { LedgerContext } from "./ledger-context";

type PassingOperations = Pick<
  Ledger,
  "saveEnrolment" | "readEnrolment" | "dropEnrolment" | "remember" | "readNote" | "saveNote" | "due" | "purge"
>;

export function passingOperations(context: LedgerContext): PassingOperations {
  const { store, hasTtl } = context;
  return {
    saveEnrolment: async (runner, enrolment, expiresAt) => {
      await store.put(passingItem(keys.enrolment(runner), { record: enrolment, expiresAt, hasTtl }), "any");
    },
    readEnrolment: async (runner) => (await store.get(keys.enrolment(runner)))?.record as Enrolment | undefined,
    dropEnrolment: (runner) => store.remove(keys.enrolment(runner)),
    remember: (name, value, expiresAt) => remember(context, { name, value, expiresAt, version: 1 }),
    readNote: (name) => readNote(context, name),
    saveNote: async (note) => {
      const result = await store.put(noteItem(note, context), note.version === 1 ? "absent" : note.version - 1);
      if (result.written) return { written: true, record: note };
      return { written: false, current: noteOf(note.name, result.current) };
    },
    due: async (now, limit) => {
      const entries = await readDue(context, { kind: "deadline", until: now, limit });
      return entries.flatMap((entry): readonly DueItem[] | DueItem => parseKey(entry) ?? []);
    },
    purge: (before, limit) => purge(context, before, limit),
  };
}

function noteItem({ name, value, expiresAt, version }: Note, { hasTtl }: LedgerContext): Item {
  return { ...passingItem(keys.note(name), { record: value, expiresAt, hasTtl }), version };
}

function noteOf(name: string, item: Item | undefined): Note | undefined {
  if (item === undefined) return undefined;
  return { name, value: String(item.record), version: item.version ?? 1, expiresAt: item.expiresAtMs ?? Infinity };
}

async function readNote({ store }: LedgerContext, name: string): Promise<Note | undefined> {
  return noteOf(name, await store.get(keys.note(name)));
}

async function remember(context: LedgerContext, note: Note): Promise<string> {
  const item = noteItem(note, context);
  for (;;) {
    const result = await context.store.put(item, "absent");
    if (result.written) return note.value;
    if (result.current !== undefined) return String(result.current.record);
    // What refused us expired or went before it could be read: the place is free now.
  }
}

/**
 * Each only if it still is what the index says. An expired note or enrolment goes as well: it cannot be read any more, but
 * it may be a secret. Where the table has a TTL there is nothing to do: what belongs to a job elsewhere has its own.
 */
async function purge(context: LedgerContext, before: Instant, limit: number) {
  const { store, clock, hasTtl } = context;
  if (hasTtl) return [];
  const finished = await readDue(context, { kind: "finished", until: before - 1, limit });
  const expired = await readDue(context, { kind: "expired", until: clock.now(), limit });
  const gone = await Promise.all(
    [...finished, ...expired].slice(0, limit).map(async (entry) => ({ entry, removed: await store.removeDue(entry) })),
  );
  return gone.flatMap(({ entry, removed }) => {
    const item = parseKey(entry);
    return removed && item?.kind === "job" ? [{ job: item.key }] : [];
  });
}

interface DueQuery {
  readonly kind: DueKind;
  readonly until: Instant;
  readonly limit: number;
}

/** Oldest first over all shards. */
async function readDue(context: LedgerContext, query: DueQuery): Promise<readonly Item[]> {
  if (query.limit <= 0) return [];
  const shards = await Promise.all(duePartitions(query.kind).map((shard) => readShard(context, shard, query)));
  return shards.flat().sort(oldestFirst).slice(0, query.limit);
}

async function readShard({ store }: LedgerContext, shard: string, query: DueQuery): Promise<readonly Item[]> {
  const entries: Item[] = [];
  const where = "#due = :due AND #dueAt <= :until";
  const values = { ":due": shard, ":until": query.until };
  for await (const page of store.pages({ index: "deadlines", where, values, pageSize: query.limit })) {
    entries.push(...page);
    if (entries.length >= query.limit) break;
  }
  return entries;
}

function oldestFirst(a: Item, b: Item): number {
  return (a.dueAt ?? 0) - (b.dueAt ?? 0) || (a.sk < b.sk ? -1 : 1);
}
