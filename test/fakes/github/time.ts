/** The fake's time: the real one, or one that a test moves by hand. */

export interface Time {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back once after so many milliseconds; the answer calls it off. Never keeps the process alive. */
  after(ms: number, run: () => void): () => void;
}

export const realTime: Time = {
  now: () => Date.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, Math.min(ms, 2 ** 31 - 1)).unref();
    return () => clearTimeout(timer);
  },
};

/** Stands still until `advance` is called; then everything due happens, in its order. */
export class ManualTime implements Time {
  private at: number;
  private waiting: { readonly due: number; readonly run: () => void }[] = [];

  constructor(start = Date.parse("2026-11-21T09:00:00Z")) {
    this.at = start;
  }

  now(): number {
    return this.at;
  }

  after(ms: number, run: () => void): () => void {
    const entry = { due: this.at + ms, run };
    this.waiting.push(entry);
    return () => {
      this.waiting = this.waiting.filter((other) => other !== entry);
    };
  }

  advance(ms: number): void {
    const end = this.at + ms;
    for (let next = this.nextDue(end); next !== undefined; next = this.nextDue(end)) {
      const { due, run } = next;
      this.waiting = this.waiting.filter((other) => other !== next);
      this.at = Math.max(this.at, due);
      run();
    }
    this.at = end;
  }

  private nextDue(end: number) {
    return this.waiting.filter(({ due }) => due <= end).sort((a, b) => a.due - b.due)[0];
  }
}
