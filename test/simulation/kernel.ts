/**
 * Virtual time: a line of things to come, done one after the other. Between two of them everything that was set going is
 * worked off to the end, so one seed is one history, to the last step.
 */
import type { Instant } from "../../runtime/core/model";

type Act = () => void | Promise<void>;

interface Due {
  readonly at: Instant;
  readonly turn: number;
  readonly act: Act;
}

export class Kernel {
  #now: Instant;
  #turn = 0;
  readonly #line: Due[] = [];

  constructor(start: Instant) {
    this.#now = start;
  }

  now(): Instant {
    return this.#now;
  }

  /** How many things have happened. */
  get steps(): number {
    return this.#turn - this.#line.length;
  }

  after(ms: number, act: Act): void {
    this.#turn += 1;
    push(this.#line, { at: this.#now + Math.max(0, ms), turn: this.#turn, act });
  }

  /** Again and again, the first time after one pause, until `act` answers `false`. */
  every(ms: number, act: () => boolean | Promise<boolean>): void {
    this.after(ms, async () => {
      if (await act()) this.every(ms, act);
    });
  }

  /** Until `isOver` says so, or that time has come. Answers whether it was over. */
  async run(isOver: () => boolean, limit: Instant): Promise<boolean> {
    await Promise.resolve();
    for (;;) {
      if (isOver()) return true;
      const next = this.#line[0];
      if (next === undefined || next.at > limit) return false;
      pop(this.#line);
      this.#now = Math.max(this.#now, next.at);
      const going = next.act();
      if (going !== undefined) await going;
      await settled();
    }
  }
}

/** Every promise that can go on has gone on: ticks wait until no microtask is left. */
function settled(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

function isBefore(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.turn < b.turn);
}

/** A binary heap, the earliest on top. */
function push(line: Due[], item: Due): void {
  let at = line.length;
  while (at > 0) {
    const parent = line[(at - 1) >> 1];
    if (parent === undefined || !isBefore(item, parent)) break;
    line[at] = parent;
    at = (at - 1) >> 1;
  }
  line[at] = item;
}

function pop(line: Due[]): void {
  const last = line.pop();
  if (last === undefined || line.length === 0) return;
  let at = 0;
  for (;;) {
    const left = line[2 * at + 1];
    const right = line[2 * at + 2];
    const isRight = right !== undefined && left !== undefined && isBefore(right, left);
    const child = isRight ? right : left;
    if (child === undefined || !isBefore(child, last)) break;
    line[at] = child;
    at = 2 * at + (isRight ? 2 : 1);
  }
  line[at] = last;
}
