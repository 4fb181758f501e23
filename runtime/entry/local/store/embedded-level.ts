/**
 * The LevelDB under the embedded store: opened and locked for this process, reopened after a failed write, closed.
 * While the disk is full reads go on, and writes are refused until there is room to reopen it.
 */
import { mkdir, statfs } from "node:fs/promises";
import { types } from "node:util";
import { create, type Row, type Store } from "dynalite/db";
import { OnejobError } from "../../../core/errors";
import { withClosedStreams } from "./closed-streams";
import { repairIndexes } from "./embedded-indexes";
import { OpenStore } from "./embedded-commits";
import { putTables, type Tables } from "./embedded-tables";
import { isWrite, perform, type Answer } from "./embedded-operations";
import { errorCode, errorText } from "../../../core/error-facts";

export interface EmbeddedLevel {
  /** One operation of DynamoDB's protocol. Throws when the store itself failed. */
  perform(operation: string, request: Row): Promise<Answer>;
  close(): Promise<void>;
}

/** LevelDB rewrites its log when it opens, and the log holds up to 4 MiB. */
const roomToReopen = 16 * 1024 * 1024;

export interface EmbeddedLevelOptions {
  readonly folder: string;
  readonly tables: Tables;
  /** Default: dynalite's store on a LevelDB. */
  readonly makeStore?: (folder: string) => Store;
}

/** Throws `data-dir-locked` and `data-dir-unwritable`. */
export async function openEmbeddedLevel(options: EmbeddedLevelOptions): Promise<EmbeddedLevel> {
  const { folder } = options;
  let store: OpenStore | undefined = await openStore(options);
  let reopening = Promise.resolve();
  let closed = false;

  const reopen = async (): Promise<void> => {
    if (store !== undefined && !store.failed) return;
    const { bavail, bsize } = await statfs(folder);
    if (store !== undefined && bavail * bsize < roomToReopen) throw new Error(`too little free space for ${folder}`);
    await store?.close();
    store = undefined;
    store = await openStore(options);
  };

  const sound = async (writes: boolean): Promise<OpenStore> => {
    if (closed) throw new Error(`the embedded store in ${folder} is closed`);
    if (store === undefined || (writes && store.failed)) {
      reopening = reopening.catch(() => undefined).then(reopen);
      await reopening;
    }
    if (store === undefined) throw new Error(`the embedded store in ${folder} is not open`);
    return store;
  };

  return {
    perform: async (operation, request) => perform(await sound(isWrite(operation)), operation, request),
    close: async () => {
      closed = true;
      await reopening.catch(() => undefined);
      await store?.close();
    },
  };
}

async function openStore({ folder, tables, makeStore = dynaliteStore }: EmbeddedLevelOptions): Promise<OpenStore> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const dynalite = makeStore(folder);
    await dynalite.db.open();
    return await prepared(new OpenStore(dynalite), tables);
  } catch (error) {
    const cause = types.isNativeError(error) ? (error.cause ?? error) : error;
    throw errorCode(cause) === "LEVEL_LOCKED"
      ? new OnejobError("data-dir-locked", folder, { cause: error })
      : new OnejobError("data-dir-unwritable", `${folder}: ${errorText(cause)}`, { cause: error });
  }
}

async function prepared(store: OpenStore, tables: Tables): Promise<OpenStore> {
  try {
    await putTables(store, tables);
    await repairIndexes(store);
    return store;
  } catch (error) {
    // Or this process would hold the lock for nobody.
    await store.close();
    throw error;
  }
}

function dynaliteStore(path: string): Store {
  return withClosedStreams(create({ path, createTableMs: 0 }));
}
