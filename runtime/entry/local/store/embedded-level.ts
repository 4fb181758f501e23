/**
 * The LevelDB under the embedded store: opened and locked for this process, reopened after a failed write, closed.
 * While the disk is full reads go on, and writes are refused until there is room to reopen it.
 */
import { mkdir, statfs } from "node:fs/promises";
import { types } from "node:util";
import { create, type Row, type Store } from "dynalite/db";
import { OnejobError } from "../../../core/errors";
import type { Log } from "../../../core/ports";
import { withClosedStreams } from "./closed-streams";
import { openedFolder, type OpenedFolder } from "./embedded-folder";
import { repairIndexes } from "./embedded-indexes";
import { OpenStore } from "./embedded-commits";
import { putTables, type Tables } from "./embedded-tables";
import { ReopenedStore } from "./embedded-reopening";
import { isWrite, perform, type Answer } from "./embedded-operations";
import { errorCode, errorText } from "../../../core/error-facts";

export interface EmbeddedLevel {
  /** One operation of DynamoDB's protocol. Throws when the store itself failed. */
  perform(operation: string, request: Row): Promise<Answer>;
  /** Throws when it is known that nothing can be stored at this moment. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** LevelDB rewrites its log when it opens, and the log holds up to 4 MiB. */
const roomToReopen = 16 * 1024 * 1024;

type Tell = Pick<Log, "error" | "info">;

export interface EmbeddedLevelOptions {
  readonly folder: string;
  readonly tables: Tables;
  /** Told when operations begin to fail, and when they succeed again. */
  readonly log?: Tell;
  /** Default: dynalite's store on a LevelDB. */
  readonly makeStore?: (folder: string) => Store;
}

/** Throws `data-dir-locked` and `data-dir-unwritable`. */
export async function openEmbeddedLevel(options: EmbeddedLevelOptions): Promise<EmbeddedLevel> {
  const { folder } = options;
  const first = await openStore(options);
  const place = first.folder;
  const level = new ReopenedStore(first, async (close) => {
    await place.check();
    const { bavail, bsize } = await statfs(folder);
    if (bavail * bsize < roomToReopen) throw new Error(`too little free space for ${folder}`);
    await close();
    return openStore(options, place);
  });
  const trouble = new Trouble(options);
  return {
    async perform(operation, request) {
      const writes = isWrite(operation);
      const run = level.use((store) => perform(store, operation, request), { writes });
      return trouble.watch(run, { writes });
    },
    check: () => level.use(() => place.check(), { writes: true }),
    close: () => level.close(),
  };
}

/** `place`: where it was opened before. Then it has to be there, or an empty ledger would take its place. */
async function openStore(options: EmbeddedLevelOptions, place?: OpenedFolder): Promise<OpenStore> {
  const { folder, tables, makeStore = dynaliteStore } = options;
  try {
    if (place === undefined) await mkdir(folder, { recursive: true, mode: 0o700 });
    const dynalite = makeStore(folder);
    await dynalite.db.open({ createIfMissing: place === undefined });
    return await prepared(dynalite, { tables, folder: () => place ?? openedFolder(folder) });
  } catch (error) {
    const cause = types.isNativeError(error) ? (error.cause ?? error) : error;
    throw errorCode(cause) === "LEVEL_LOCKED"
      ? new OnejobError("data-dir-locked", folder, { cause: error })
      : new OnejobError("data-dir-unwritable", `${folder}: ${errorText(cause)}`, { cause: error });
  }
}

interface Preparation {
  readonly tables: Tables;
  readonly folder: () => OpenedFolder | Promise<OpenedFolder>;
}

async function prepared(dynalite: Store, { tables, folder }: Preparation): Promise<OpenStore> {
  try {
    const store = new OpenStore(dynalite, await folder());
    await putTables(store, tables);
    await repairIndexes(store);
    return store;
  } catch (error) {
    // Or this process would hold the lock for nobody.
    await dynalite.db.close();
    throw error;
  }
}

function dynaliteStore(path: string): Store {
  return withClosedStreams(create({ path, createTableMs: 0 }));
}

/** Says once that the store fails, however many operations do. */
class Trouble {
  readonly #options: EmbeddedLevelOptions;
  #told = false;

  constructor(options: EmbeddedLevelOptions) {
    this.#options = options;
  }

  async watch<T>(run: Promise<T>, { writes }: { readonly writes: boolean }): Promise<T> {
    const { log, folder } = this.#options;
    try {
      const answer = await run;
      if (writes && this.#told) {
        this.#told = false;
        log?.info("ledger can be written again", { folder });
      }
      return answer;
    } catch (error) {
      if (!this.#told) log?.error("ledger cannot be used", { folder, error });
      this.#told = true;
      throw error;
    }
  }
}
