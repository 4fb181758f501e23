/**
 * One run of a function: a chain of calls that may break off anywhere. Every call of a port passes through here, takes
 * its time, and may be the last: what died never goes on, whatever its code would catch.
 */
import type { Dice } from "./dice";
import type { Kernel } from "./kernel";

export class Strand {
  readonly name: string;
  /** How far its clock is off. */
  readonly skewMs: number;
  /** The port call that it is in; known only where a story is told. */
  doing = "";
  readonly #kernel: Kernel;
  readonly #dice: Dice;
  readonly #onDeath: (() => void)[] = [];
  #dead = false;

  constructor(name: string, world: { readonly kernel: Kernel; readonly dice: Dice }, skewMs = 0) {
    this.name = name;
    this.skewMs = skewMs;
    this.#kernel = world.kernel;
    this.#dice = world.dice;
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

  /** Takes `ms`, then does it. Never answers once this strand is dead. */
  call<T>(ms: number, effect: () => T | Promise<T>): Promise<T> {
    const { doing } = this;
    return new Promise<T>((resolve, reject) => {
      const slowMs = this.#dice.strikes("slow-call", this.hit) ? this.#dice.between(1_000, 60_000, "slow") : 0;
      this.#kernel.after(ms + slowMs, async () => {
        if (this.#dead) return;
        this.doing = doing;
        if (this.#dice.strikes("crash-before", this.hit)) return this.die();
        const [answer, failed, error] = await outcome(effect);
        if (this.#dice.strikes("crash-after", this.hit)) return this.die();
        if (failed) reject(error as Error);
        else resolve(answer as T);
      });
    });
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
