/**
 * The ledger and the queue of one machine: DynamoDB's protocol on a LevelDB in `<data folder>/ledger`.
 * Survives a crash of the process at any moment, not a loss of power.
 */
import { join } from "node:path";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { ledgerTable } from "../../../ledger/table";
import { queueTable } from "../../../queue/queue-table";
import { embeddedClient } from "./embedded-client";
import { openEmbeddedLevel } from "./embedded-level";

export const embeddedTables = { ledger: "onejob", queue: "onejob-queue" } as const;

export interface EmbeddedStore {
  /** For `openLedger` and `openLocalQueue`, with the names of `embeddedTables`. */
  readonly client: DynamoDBClient;
  /** Waits for what is under way. */
  close(): Promise<void>;
}

/** For one process at a time. Throws `data-dir-locked` and `data-dir-unwritable`. */
export async function openEmbeddedStore(dataDir: string): Promise<EmbeddedStore> {
  const tables = { [embeddedTables.ledger]: ledgerTable, [embeddedTables.queue]: queueTable };
  const level = await openEmbeddedLevel({ folder: join(dataDir, "ledger"), tables });
  const client = embeddedClient(level.perform);
  return {
    client,
    close: async () => {
      client.destroy();
      await level.close();
    },
  };
}
