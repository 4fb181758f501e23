/**
 * The shape of stored data has a version, and every version but the first has a step that leads to it. Steps run in
 * order before anything is served. A crash in between runs a step again, so each must bear that.
 */
import { OnejobError } from "../core/errors";
import type { Item } from "./items";
import { keys, profilePartition } from "./keys";
import type { IndexQuery, LedgerStore } from "./ledger-store";

export interface Migration {
  /** The version it leads to: one more than the step before, the first is 2. */
  readonly to: number;
  /** Changes what the version before wrote. Idempotent. */
  readonly run: (store: LedgerStore) => Promise<void>;
}

export const migrations: readonly Migration[] = [{ to: 2, run: addForgeFields }];

/** Jobs and runners that are not over get what came with forges; of those that are over nobody reads it. */
async function addForgeFields(store: LedgerStore): Promise<void> {
  const job = { origin: null, barred: null };
  const runner = { handle: null, askedAt: null, releasedAt: null };
  for (const profile of ["", ...(await profileNames(store))]) {
    for (const item of await liveItems(store, profile)) {
      const added = item.sk.startsWith("JOB#") ? job : item.sk.startsWith("RUNNER#") ? runner : undefined;
      if (added === undefined) continue;
      await store.put({ ...item, record: { ...added, ...(item.record as object) } }, item.version ?? "any");
    }
  }
}

async function profileNames(store: LedgerStore): Promise<readonly string[]> {
  const query = { consistent: true, where: "#pk = :pk", values: { ":pk": keys.profile("").pk } };
  return (await allOf(store, query)).map(({ sk }) => sk);
}

function liveItems(store: LedgerStore, profile: string): Promise<readonly Item[]> {
  const values = { ":pk": profilePartition(profile) };
  return allOf(store, { index: "live", consistent: true, where: "#pk = :pk", values });
}

async function allOf(store: LedgerStore, query: IndexQuery): Promise<readonly Item[]> {
  const items: Item[] = [];
  for await (const page of store.pages(query)) items.push(...page);
  return items;
}

export async function migrate(store: LedgerStore, steps: readonly Migration[] = migrations): Promise<void> {
  const newest = steps.at(-1)?.to ?? 1;
  const found = await readVersion(store);
  if (found > newest) {
    throw new OnejobError("data-too-new", `it has version ${found}, this program knows up to ${newest}`);
  }
  // Nothing was ever stored here, so there is nothing to change.
  if (found === 0) return advance(store, { from: 0, to: newest });
  for (const step of steps) {
    if (step.to <= found) continue;
    await step.run(store);
    await advance(store, { from: step.to - 1, to: step.to });
  }
}

async function readVersion(store: LedgerStore): Promise<number> {
  return (await store.get(keys.schema))?.version ?? 0;
}

/** Somebody else may be migrating too: then the version stands at least where we wanted it. */
async function advance(store: LedgerStore, { from, to }: { from: number; to: number }): Promise<void> {
  await store.put({ ...keys.schema, version: to }, from === 0 ? "absent" : from);
}
