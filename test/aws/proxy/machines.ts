/** Machines that were made through the proxy: how old they are, and who wants to know of their making and their end. */

export interface MadeMachine {
  readonly id: string;
  readonly market: string;
  readonly type: string;
  readonly subnet: string;
  readonly madeAt: number;
}

export class Machines {
  readonly made = new Map<string, MadeMachine>();
  readonly gone = new Set<string>();
  /** As soon as EC2 has made it, before whoever asked for it is answered. */
  onMade: (machine: MadeMachine) => void = () => undefined;
  onEnded: (id: string) => void = () => undefined;
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  add(machine: Omit<MadeMachine, "madeAt">): void {
    const made = { ...machine, madeAt: this.#now() };
    this.made.set(machine.id, made);
    this.onMade(made);
  }

  ended(ids: readonly string[]): void {
    for (const id of ids) {
      if (this.gone.has(id)) continue;
      this.gone.add(id);
      this.onEnded(id);
    }
  }

  youngerThan(ms: number): ReadonlySet<string> {
    const since = this.#now() - ms;
    const young = [...this.made.values()].filter(({ madeAt }) => ms > 0 && madeAt > since);
    return new Set(young.map(({ id }) => id));
  }
}
