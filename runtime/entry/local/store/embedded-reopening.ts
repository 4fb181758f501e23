/**
 * One store after the other: a failed one is closed and opened anew by the next write. Nobody is in the middle of using
 * it then, because dynalite throws what a closed LevelDB says out of a callback, which would end the process.
 */
import type { OpenStore } from "./embedded-commits";

/** Closes the store, by the function it is given, and answers the next one. Throws when that cannot be. */
export type Reopen = (close: () => Promise<void>) => Promise<OpenStore>;

/** Opening reads everything. What failed a moment ago is not tried again for each request. */
const pauseMs = 1_000;

export class ReopenedStore {
  readonly #reopen: Reopen;
  readonly #underWay = new Set<Promise<unknown>>();
  #store: OpenStore | undefined;
  #reopening: Promise<void> | undefined;
  #refused: { readonly error: unknown; readonly until: number } | undefined;
  #closed = false;

  constructor(store: OpenStore, reopen: Reopen) {
    this.#store = store;
    this.#reopen = reopen;
  }

  /** What writes gets a sound store, what reads may do with a failed one. */
  async use<T>(run: (store: OpenStore) => Promise<T>, { writes }: { readonly writes: boolean }): Promise<T> {
    for (;;) {
      if (this.#closed) throw new Error("the embedded store is closed");
      const store = this.#store;
      const isFit = store !== undefined && !(writes && store.failed);
      // Nothing is waited for between this look and the beginning.
      if (isFit && this.#reopening === undefined) return this.#watched(run(store));
      const opened = this.#openAnew();
      await (isFit ? opened.catch(() => undefined) : opened);
    }
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#reopening?.catch(() => undefined);
    await Promise.allSettled(this.#underWay);
    await this.#store?.close();
  }

  async #watched<T>(run: Promise<T>): Promise<T> {
    this.#underWay.add(run);
    try {
      return await run;
    } finally {
      this.#underWay.delete(run);
    }
  }

  /** One at a time; who comes meanwhile waits for the same. */
  #openAnew(): Promise<void> {
    this.#reopening ??= this.#replace().finally(() => {
      this.#reopening = undefined;
    });
    return this.#reopening;
  }

  async #replace(): Promise<void> {
    if (this.#refused !== undefined && performance.now() < this.#refused.until) throw this.#refused.error;
    try {
      this.#store = await this.#reopen(async () => {
        await Promise.allSettled(this.#underWay);
        const failed = this.#store;
        this.#store = undefined;
        await failed?.close();
      });
      this.#refused = undefined;
    } catch (error) {
      // Without a store each request would try.
      if (this.#store === undefined) this.#refused = { error, until: performance.now() + pauseMs };
      throw error;
    }
  }
}
