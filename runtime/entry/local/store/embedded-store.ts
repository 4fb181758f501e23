/**
 * The ledger and the queue of one machine: DynamoDB's protocol on a LevelDB in `<data folder>/ledger`.
 * Survives a crash of the process at any moment, not a loss of power.
 */
import { join } from "node:path";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { Log } from "../../../core/ports";
import { ledgerTable } from "../../../ledger/table";
import { queueTable } from "../../../queue/queue-table";
import { embeddedClient } from "./embedded-client";
import { openEmbeddedLevel } from "./embedded-level";

export function ledgerFolder(dataDir: string): string {
  return join(dataDir, "ledger");
}

export const embeddedTables = { ledger: "onejob", queue: "onejob-queue" } as const;

export interface EmbeddedStore {
  /** For `openLedger` and `openLocalQueue`, with the names of `embeddedTables`. */
  readonly client: DynamoDBClient;
  /** Throws when it is known that nothing can be stored at this moment. */
  check(): Promise<void>;
  /** Waits for what is under way. */
  close(): Promise<void>;
}

/** For one process at a time. Throws `data-dir-locked` and `data-dir-unwritable`. */
export async function openEmbeddedStore(dataDir: string, log?: Pick<Log, "error" | "info">): Promise<EmbeddedStore> {
  const tables = { [embeddedTables.ledger]: ledgerTable, [embeddedTables.queue]: queueTable };
  const level = await openEmbeddedLevel({
    folder: ledgerFolder(dataDir),
    tables,
    ...(log === undefined ? {} : { log }),
  });
  const client = embeddedClient(level.perform);
  return {
    client,
    check: () => level.check(),
    close: async () => {
      client.destroy();
      await level.close();
    },
  };
}
