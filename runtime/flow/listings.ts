/** Which machines live, by their computes: each is asked at most once in a sweep, however many runners are overdue. */
import type { Runner } from "../core/model";
import type { Ports } from "../core/ports";

export class Listings {
  readonly #ports: Ports;
  readonly #alive = new Map<string, Promise<ReadonlySet<string>>>();

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  /** Throws what the compute throws. */
  async isAlive({ compute, machine }: Runner): Promise<boolean> {
    const listed = this.#alive.get(compute) ?? this.#list(compute);
    this.#alive.set(compute, listed);
    return (await listed).has(machine);
  }

  async #list(compute: string): Promise<ReadonlySet<string>> {
    const machines = (await this.#ports.compute(compute)?.list()) ?? [];
    return new Set(machines.filter(({ alive }) => alive).map(({ machine }) => machine));
  }
}
