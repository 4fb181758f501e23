/**
 * One run of a function: a chain of calls that may break off anywhere. Every call of a port passes through here, takes
 * its time, and may be the last: what died never goes on, whatever its code would catch.
 */
import type { Calls } from "./calls";
import type { Dice } from "./dice";
import type { Kernel } from "./kernel";

interface Call {
  readonly what: string;
  readonly ms: number;
}

export class Strand {
  readonly name: string;
  /** How far its clock is off. */
  readonly skewMs: number;
  /** The port call that it is in; known only where a story is told. */
  doing = "";
  readonly #kernel: Kernel;
  readonly #dice: Dice;
  readonly #calls: Calls;
  /** What kind of function it is, whomever it is about. */
  readonly #flow: string;
  readonly #onDeath: (() => void)[] = [];
  #dead = false;

  constructor(
    name: string,
    world: { readonly kernel: Kernel; readonly dice: Dice; readonly calls: Calls },
    skewMs = 0,
  ) {
    this.name = name;
    this.skewMs = skewMs;
    this.#kernel = world.kernel;
    this.#dice = world.dice;
    this.#calls = world.calls;
    this.#flow = name.split(" of ", 1)[0] ?? name;
  }

  get dead(): boolean {
    return this.#dead;
  }

  now(): number {
    return this.#kernel.now() + this.skewMs;
  }

  /** For the story: whom a fault hits here, and in what. */
  get hit(): string {
    return this.doing === "" ? this.name : `${this.name}, in ${this.doing}`;
  }

  onDeath(act: () => void): void {
    this.#onDeath.push(act);
  }

  die(): void {
    if (this.#dead) return;
    this.#dead = true;
    for (const act of this.#onDeath) act();
  }

  /** Takes `ms`, then does it. `what`: which call of a port it is. Never answers once this strand is dead. */
  call<T>({ what, ms }: Call, effect: () => T | Promise<T>): Promise<T> {
    const { doing } = this;
    const name = `${this.#flow} ${what}`;
    const weight = this.#calls.weightOf(name);
    return new Promise<T>((resolve, reject) => {
      const slowMs = this.#dice.strikes("slow-call", this.hit) ? this.#dice.between(1_000, 60_000, "slow") : 0;
      this.#kernel.after(ms + slowMs, async () => {
        if (this.#dead) return;
        this.doing = doing;
        if (this.#dice.strikes("crash-before", this.hit, weight)) return this.#crash(name);
        const [answer, failed, error] = await outcome(effect);
        if (this.#dice.strikes("crash-after", this.hit, weight)) return this.#crash(name);
        if (failed) reject(error as Error);
        else resolve(answer as T);
      });
    });
  }

  #crash(call: string): void {
    this.#calls.crashed(call);
    this.die();
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#kernel.after(ms, () => {
        if (!this.#dead) resolve();
      });
    });
  }
}

async function outcome<T>(effect: () => T | Promise<T>): Promise<readonly [T | undefined, boolean, unknown]> {
  try {
    return [await effect(), false, undefined];
  } catch (error) {
    return [undefined, true, error];
  }
}
