/** What the indexes of the ledger do not show yet, and what they still show: up to two seconds behind the items. */
import type { Instant, Job, JobKey, Runner } from "../../runtime/core/model";
import type { Clock, DueItem } from "../../runtime/core/ports";
import type { Dice } from "./dice";

const longestMs = 2_000;

interface Late {
  readonly item: DueItem;
  readonly shownFrom: Instant;
  /** The deadline that the index shows until then. */
  readonly before: Instant | null;
}

export class IndexLag {
  readonly #clock: Clock;
  readonly #dice: Dice;
  readonly #late = new Map<string, Late>();
  readonly #hidden = new Map<JobKey, Instant>();
  readonly #deadlines = new Map<string, Instant | null>();

  constructor(clock: Clock, dice: Dice) {
    this.#clock = clock;
    this.#dice = dice;
  }

  noteJob({ key, profile, deadlineAt, version }: Job): void {
    const ms = this.#lagMs(key);
    if (version === 1 && ms > 0) this.#hidden.set(key, this.#clock.now() + ms);
    this.#note({ kind: "job", key, profile }, { deadlineAt, ms });
  }

  noteRunner({ id, profile, deadlineAt }: Runner): void {
    this.#note({ kind: "runner", id, profile }, { deadlineAt, ms: this.#lagMs(id) });
  }

  showsJob(key: JobKey): boolean {
    const from = this.#hidden.get(key);
    if (from === undefined) return true;
    if (from > this.#clock.now()) return false;
    this.#hidden.delete(key);
    return true;
  }

  /** `truth`: what is due by the items themselves. */
  due(truth: readonly DueItem[], now: Instant): readonly DueItem[] {
    const at = this.#clock.now();
    for (const [name, { shownFrom }] of this.#late) if (shownFrom <= at) this.#late.delete(name);
    if (this.#late.size === 0) return truth;
    const shown = truth.filter((item) => !this.#late.has(nameOf(item)));
    const stale = [...this.#late.values()].filter(({ before }) => before !== null && before <= now);
    return [...shown, ...stale.map(({ item }) => item)];
  }

  #lagMs(of: string): number {
    return this.#dice.strikes("index-lag", of) ? this.#dice.between(1, longestMs, "index") : 0;
  }

  #note(item: DueItem, wrote: { readonly deadlineAt: Instant | null; readonly ms: number }): void {
    const name = nameOf(item);
    const before = this.#deadlines.get(name) ?? null;
    if (wrote.ms > 0) this.#late.set(name, { item, before, shownFrom: this.#clock.now() + wrote.ms });
    else this.#late.delete(name);
    if (wrote.deadlineAt === null) this.#deadlines.delete(name);
    else this.#deadlines.set(name, wrote.deadlineAt);
  }
}

function nameOf(item: DueItem): string {
  return item.kind === "job" ? `job ${item.key}` : `runner ${item.id}`;
}
