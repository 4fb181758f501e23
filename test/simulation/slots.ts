/** I5: a launch is written down with its slots before any machine is made, and each slot gets one. */
import type { Launch } from "../../runtime/core/model";
import type { SimMachine } from "./sim-cloud";

export class Slots {
  /** Each launch as it was first written. */
  readonly launches = new Map<string, Launch>();
  readonly #made = new Map<string, Set<string>>();
  readonly #running = new Map<string, SimMachine>();

  /** Answers those that were not written before. */
  wrote(launches: readonly Launch[]): readonly Launch[] {
    const fresh = launches.filter(({ id }) => !this.launches.has(id));
    for (const launch of fresh) this.launches.set(launch.id, launch);
    return fresh;
  }

  /** What is wrong with it, if anything is. */
  started(machine: SimMachine): string | undefined {
    const { runner, launch: id } = machine;
    if (this.#running.has(runner)) return `a second machine runs as ${runner}`;
    this.#running.set(runner, machine);
    const made = this.#made.get(id) ?? new Set();
    this.#made.set(id, made.add(runner));
    const launch = this.launches.get(id);
    if (launch === undefined) return `machine ${runner} was made for launch ${id}, which nobody has written down`;
    const { slots } = launch;
    const slot = slots.find((one) => one.runner === runner);
    if (slot === undefined) return `machine ${runner} has no slot in launch ${id} as it was first written`;
    if (made.size > slots.length) return `launch ${id} has ${slots.length} slots and ${made.size} machines`;
    const twin = slots.find((one) => one.job !== null && one.job === slot.job && one !== slot && made.has(one.runner));
    return twin && `launch ${id} made ${runner} and ${twin.runner} for job ${slot.job ?? ""}`;
  }

  ended({ runner }: SimMachine): void {
    this.#running.delete(runner);
  }
}
