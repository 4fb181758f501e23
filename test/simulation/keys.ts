/**
 * Two keys: nothing is ended under a job, nor while the forge may give it one. A machine may be taken when its agent said that
 * it is finished, when the forge let go of its runner, or when the documented times are over.
 */
import type { Breach } from "./judge";
import type { Kernel } from "./kernel";
import type { Picture } from "./picture";
import { bootMs, idleMs, jobMs, ownMs } from "./sim-settings";
import type { Taken } from "./taken";

/** After so long in silence a machine may be ended, whatever it does. */
const hopelessMs = 10 * 60_000;

const isOurs = (job: string): boolean => job.startsWith("api/");

export class Keys {
  readonly #kernel: Kernel;
  readonly #picture: Picture;
  /** Jobs that somebody wants to stop. */
  readonly #unwanted: ReadonlySet<string>;

  constructor(kernel: Kernel, seen: { readonly picture: Picture; readonly unwanted: ReadonlySet<string> }) {
    this.#kernel = kernel;
    this.#picture = seen.picture;
    this.#unwanted = seen.unwanted;
  }

  taken(runner: string, { work, isOffered }: Taken): Breach | undefined {
    // It is ended already, and goes on for a moment.
    if (!this.#picture.machines.has(runner)) return undefined;
    const now = this.#kernel.now();
    const names = [runner];
    if (work === undefined) {
      const ageMs = now - (this.#picture.machines.get(runner)?.startedAt ?? 0);
      if (!isOffered || ageMs >= bootMs + idleMs + jobMs) return undefined;
      return { promise: "I1", what: `machine ${runner} was ended while it listened at the forge`, names };
    }
    const isOverlong = now - work.since >= (isOurs(work.job) ? ownMs : jobMs);
    if (this.#unwanted.has(work.job) || now - work.silentSince >= hopelessMs || isOverlong) return undefined;
    const what = `machine ${runner} was ended under job ${work.job}`;
    return { promise: "I1", what, names: [...names, work.job] };
  }
}
