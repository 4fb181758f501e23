/**
 * An open LevelDB and the one way to write to it. LevelDB loses its place in its own log when a write fails: what came
 * after could not be read again. So writes go one by one, and after a failed one no other is tried on this handle.
 */
import type { Operation, Store } from "dynalite/db";
import type { OpenedFolder } from "./embedded-folder";

export class OpenStore {
  readonly dynalite: Store;
  /** Where it was opened. */
  readonly folder: OpenedFolder;
  #last: Promise<void> = Promise.resolve();
  #failed = false;

  constructor(dynalite: Store, folder: OpenedFolder) {
    this.dynalite = dynalite;
    this.folder = folder;
  }

  /** Whether it must be reopened before the next write. Reading is safe. */
  get failed(): boolean {
    return this.#failed;
  }

  /** All of them or none. */
  commit(operations: readonly Operation[]): Promise<void> {
    const mine = this.#last.then(async () => {
      if (this.#failed) throw new Error("a write before this one failed");
      // Nothing is written then, so the log is still in order.
      await this.folder.check();
      try {
        await this.dynalite.db.batch(operations);
      } catch (error) {
        this.#failed = true;
        throw error;
      }
    });
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  close(): Promise<void> {
    return this.dynalite.db.close();
  }
}
