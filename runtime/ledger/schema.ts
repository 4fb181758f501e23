/**
 * The shape of stored data has a version, and every version but the first has a step that leads to it. Steps run in
 * order before anything is served. A crash in between runs a step again, so each must bear that.
 */
import { OnejobError } from "../core/errors";
import { keys } from "./keys";
import type { LedgerStore } from "./ledger-store";

export interface Migration {
  /** The version it leads to: one more than the step before, the first is 2. */
  readonly to: number;
  /** Changes what the version before wrote. Idempotent. */
  readonly run: (store: LedgerStore) => Promise<void>;
}

export const migrations: readonly Migration[] = [];

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
