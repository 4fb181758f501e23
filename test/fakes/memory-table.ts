/** One kind of record of the ledger in memory: conditions on single items, expiry, and what is live, due or ended. */
import type { Instant } from "../../runtime/core/model";
import type { Clock, Written } from "../../runtime/core/ports";

export interface Place {
  readonly partition: string;
  readonly name: string;
}

export interface Stored<T> {
  readonly place: Place;
  readonly record: T;
  readonly version: number;
  readonly live: boolean;
  /** Live: its deadline. Else: when it ended. */
  readonly dueAt: Instant;
  /** From here on it reads as absent. */
  readonly expiresAt: Instant;
}

export class MemoryTable<T> {
  readonly #clock: Clock;
  readonly #items = new Map<string, Stored<T>>();
  /** By name: where there are items of that name. */
  readonly #partitions = new Map<string, Set<string>>();
  /** By partition, then name. */
  readonly #live = new Map<string, Map<string, Stored<T>>>();
  /** By partition, in order of names; forgotten with every change there. */
  readonly #sorted = new Map<string, readonly T[]>();
  /** By `dueAt`; replaced and removed ones stay until they are met. */
  #ended: Stored<T>[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(place: Place): T | undefined {
    return this.#there(place)?.record;
  }

  create(item: Stored<T>): Written<T> {
    const there = this.#there(item.place);
    if (there !== undefined) return { written: false, current: there.record };
    this.put(item);
    return { written: true, record: item.record };
  }

  save(item: Stored<T>): Written<T> {
    const there = this.#there(item.place);
    if (there?.version !== item.version - 1) return { written: false, current: there?.record };
    this.put(item);
    return { written: true, record: item.record };
  }

  put(item: Stored<T>): void {
    const { partition, name } = item.place;
    this.#items.set(idOf(item.place), item);
    this.#partitions.set(name, (this.#partitions.get(name) ?? new Set()).add(partition));
    this.#sorted.delete(partition);
    const live = this.#live.get(partition) ?? new Map<string, Stored<T>>();
    this.#live.set(partition, live);
    if (item.live) live.set(name, item);
    else {
      live.delete(name);
      this.#end(item);
    }
  }

  remove(place: Place): void {
    this.#items.delete(idOf(place));
    this.#partitions.get(place.name)?.delete(place.partition);
    this.#sorted.delete(place.partition);
    this.#live.get(place.partition)?.delete(place.name);
  }

  all(): readonly T[] {
    const now = this.#clock.now();
    return [...this.#items.values()].filter((item) => item.expiresAt > now).map(({ record }) => record);
  }

  /** Those of this name, in whatever partition. */
  named(name: string): readonly T[] {
    const places = [...(this.#partitions.get(name) ?? [])];
    return places.flatMap((partition) => this.get({ partition, name }) ?? []);
  }

  /** By name. */
  live(partition: string): readonly T[] {
    const known = this.#sorted.get(partition);
    if (known !== undefined) return known;
    const items = [...(this.#live.get(partition)?.values() ?? [])];
    const sorted = items.sort((a, b) => (a.place.name < b.place.name ? -1 : 1)).map(({ record }) => record);
    this.#sorted.set(partition, sorted);
    return sorted;
  }

  due(now: Instant): readonly Stored<T>[] {
    return [...this.#live.values()].flatMap((live) => [...live.values()].filter((item) => item.dueAt <= now));
  }

  /** Up to then, oldest first, at most `limit`. */
  ended(until: Instant, limit: number): readonly Stored<T>[] {
    const found: Stored<T>[] = [];
    let seen = 0;
    for (const item of this.#ended) {
      if (item.dueAt > until || found.length >= limit) break;
      seen++;
      if (this.#items.get(idOf(item.place)) === item) found.push(item);
    }
    if (seen > found.length) this.#ended = [...found, ...this.#ended.slice(seen)];
    return found;
  }

  /** Mostly it ended last, so its place is found from the end. */
  #end(item: Stored<T>): void {
    let at = this.#ended.length;
    while (at > 0 && (this.#ended[at - 1]?.dueAt ?? 0) > item.dueAt) at--;
    this.#ended.splice(at, 0, item);
  }

  #there(place: Place): Stored<T> | undefined {
    const item = this.#items.get(idOf(place));
    return item === undefined || item.expiresAt <= this.#clock.now() ? undefined : item;
  }
}

function idOf({ partition, name }: Place): string {
  return `${partition}\n${name}`;
}
