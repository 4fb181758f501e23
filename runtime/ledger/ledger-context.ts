/** What every ledger operation works with, and how a put's outcome becomes the port's answer. */
import type { Clock, Written } from "../core/ports";
import type { LedgerStore, PutResult } from "./ledger-store";

export interface LedgerContext {
  readonly store: LedgerStore;
  readonly clock: Clock;
  /** How long finished records stay readable; asked at every write, because settings can change. */
  readonly retentionMs: () => number;
  /** The store removes by itself what has expired: it need not be found again, and that index entry is saved. */
  readonly hasTtl: boolean;
}

/** `record` is what was to be written; an item of the same key holds a record of the same kind. */
export function writtenOf<T>(record: T, result: PutResult): Written<T> {
  return result.written
    ? { written: true, record }
    : { written: false, current: result.current?.record as T | undefined };
}
