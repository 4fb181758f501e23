/**
 * The LevelDB under the embedded store: opened, locked by this process, reopened after a failed write, closed.
 *
 * LevelDB loses its place in its own log when a write fails, so what it would write next could not be read after a
 * restart. So no write is taken before it was reopened; reads go on, and a disk still full is not even tried.
 */
import { mkdir, statfs } from "node:fs/promises";
import { types } from "node:util";
import { create, type Row, type Store } from "dynalite/db";
import { OnejobError } from "../../core/errors";
import { repairIndexes } from "./embedded-indexes";
import { putTables, type Tables } from "./embedded-tables";
import { errorCode, errorText } from "./error-facts";
import { isWrite, perform, type Answer } from "./embedded-operations";

export interface EmbeddedLevel {
  /** One operation of DynamoDB's protocol. Throws when the store itself failed. */
  perform(operation: string, request: Row): Promise<Answer>;
  close(): Promise<void>;
}

/** LevelDB rewrites its log when it opens, and the log holds up to 4 MiB. */
const roomToReopen = 16 * 1024 * 1024;

/** Throws `data-dir-locked` and `data-dir-unwritable`. */
export async function openEmbeddedLevel(folder: string, tables: Tables): Promise<EmbeddedLevel> {
  let store: Store | undefined = await openStore(folder, tables);
  let doubtful = false;
  let reopening = Promise.resolve();

  const reopen = async (): Promise<void> => {
    if (store !== undefined && !doubtful) return;
    const { bavail, bsize } = await statfs(folder);
    if (store !== undefined && bavail * bsize < roomToReopen) throw new Error(`too little free space for ${folder}`);
    await store?.db.close();
    store = undefined;
    store = await openStore(folder, tables);
    doubtful = false;
  };

  const sound = async (writes: boolean): Promise<Store> => {
    if (store === undefined || (doubtful && writes)) {
      reopening = reopening.catch(() => undefined).then(reopen);
      await reopening;
    }
    if (store === undefined) throw new Error(`the embedded store in ${folder} is closed`);
    return store;
  };

  return {
    perform: async (operation, request) => {
      const used = await sound(isWrite(operation));
      try {
        return await perform(used, operation, request);
      } catch (error) {
        // One that failed because another's failure closed the store says nothing about the new one.
        if (used === store && isWrite(operation)) doubtful = true;
        throw error;
      }
    },
    close: async () => {
      await reopening.catch(() => undefined);
      await store?.db.close();
    },
  };
}

async function openStore(folder: string, tables: Tables): Promise<Store> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const store = create({ path: folder, createTableMs: 0 });
    await store.db.open();
    await putTables(store, tables);
    await repairIndexes(store);
    return store;
  } catch (error) {
    const cause = types.isNativeError(error) ? (error.cause ?? error) : error;
    const locked = errorCode(cause) === "LEVEL_LOCKED";
    throw locked
      ? new OnejobError("data-dir-locked", folder, { cause: error })
      : new OnejobError("data-dir-unwritable", `${folder}: ${errorText(cause)}`, { cause: error });
  }
}
