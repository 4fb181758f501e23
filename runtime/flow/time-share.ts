import type { Instant } from "../core/model";
import type { Clock } from "../core/ports";

/** Of each part of a sweep that has to ask others, who may be slow. */
const shareMs = 5_000;

/** A part of a sweep's time. What is left over is first in line next time: what was looked at is not due any more. */
export class TimeShare {
  readonly #until: Instant;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#until = clock.now() + shareMs;
  }

  isOver(): boolean {
    return this.#clock.now() >= this.#until;
  }

  /** As many of them as there is time to begin with. */
  *for<T>(things: Iterable<T>): Generator<T, void, void> {
    for (const thing of things) {
      if (this.isOver()) return;
      yield thing;
    }
  }
}
