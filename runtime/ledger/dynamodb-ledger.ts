/** The `Ledger` port on DynamoDB, or on anything that speaks its protocol. */
import type { Ledger } from "../core/ports";
import { jobOperations } from "./job-operations";
import type { LedgerContext } from "./ledger-context";
import { ledgerStore, type LedgerStoreOptions } from "./ledger-store";
import { passingOperations } from "./passing-operations";
import { profileOperations } from "./profile-operations";
import { migrate } from "./schema";

export interface DynamodbLedgerOptions extends LedgerStoreOptions {
  /** How long finished records stay readable (`retention.finished`); asked at every write. */
  readonly retentionMs: () => number;
  /** Whether the table's TTL is on, as in a fleet; else what has expired is purged by the sweep. @default false */
  readonly hasTtl?: boolean;
}

/** The table must exist, and hold data of a version this program knows: see `openLedger`. */
export function dynamodbLedger(options: DynamodbLedgerOptions): Ledger {
  const { clock, retentionMs, hasTtl = false } = options;
  const context: LedgerContext = { store: ledgerStore(options), clock, retentionMs, hasTtl };
  return { ...jobOperations(context), ...profileOperations(context), ...passingOperations(context) };
}

/** Brings stored data to this program's version first. Throws `data-too-new`. */
export async function openLedger(options: DynamodbLedgerOptions): Promise<Ledger> {
  await migrate(ledgerStore(options));
  return dynamodbLedger(options);
}
