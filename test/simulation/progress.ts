/** How far it is, on stderr: one line that changes on a terminal, and a new one now and then elsewhere. */
import { perSecond } from "./report";
import type { Tally } from "./tally";

export interface Screen {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const everyMs = { onTerminal: 200, elsewhere: 5_000 };
const width = 30;
const clearLine = "\r\u001B[K";

export class Progress {
  readonly #screen: Screen;
  readonly #tally: Tally;
  readonly #of: number;
  readonly #timer: NodeJS.Timeout;
  readonly #now: () => number;
  readonly #began: number;

  constructor(tally: Tally, of: number, io: { readonly screen: Screen; readonly now: () => number }) {
    this.#tally = tally;
    this.#of = of;
    this.#screen = io.screen;
    this.#now = io.now;
    this.#began = io.now();
    this.#show();
    const ms = io.screen.isTTY === true ? everyMs.onTerminal : everyMs.elsewhere;
    this.#timer = setInterval(() => this.#show(), ms);
  }

  /** A line of its own, which stays. */
  say(line: string): void {
    this.#screen.write(`${this.#clear}${line}\n`);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#screen.write(this.#clear);
  }

  get #clear(): string {
    return this.#screen.isTTY === true ? clearLine : "";
  }

  #show(): void {
    const line = progressLine(this.#tally, { of: this.#of, ms: this.#now() - this.#began });
    this.#screen.write(
      this.#screen.isTTY === true ? `${clearLine}${bar(this.#tally.seeds / this.#of)} ${line}` : `${line}\n`,
    );
  }
}

export function progressLine(tally: Tally, { of, ms }: { readonly of: number; readonly ms: number }): string {
  const { seeds, jobs, failures } = tally;
  const left = seeds === 0 ? "" : `, ${Math.ceil(((of - seeds) * ms) / seeds / 1_000)} s left`;
  return `${seeds}/${of} seeds, ${perSecond(jobs, ms)} jobs/s, ${failures.length} violations${left}`;
}

function bar(share: number): string {
  const done = Math.round(share * width);
  return `[${"#".repeat(done)}${"-".repeat(width - done)}]`;
}
