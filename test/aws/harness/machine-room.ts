/** The machines that are there, with what runs on each: begun when EC2 has made it, and ended with it. */
import type { Clock } from "../../../runtime/core/ports";
import type { MadeMachine } from "../proxy/machines";
import type { AgentLife, AgentProgram } from "./agent-life";
import { Instance, type Surroundings } from "./instance";

export interface Housing {
  readonly around: Surroundings;
  program: AgentProgram;
  readonly life: { readonly fleet: string; readonly clock: Clock };
  /** Ends the machine. */
  readonly end: (id: string) => Promise<void>;
}

export class MachineRoom {
  agentUrl = "";
  /** What agents died of while their machine lived. */
  readonly troubles: unknown[] = [];
  readonly #housing: Housing;
  readonly #instances = new Map<string, Instance>();
  readonly #ends = new Map<string, AbortController>();
  readonly #lives: Promise<void>[] = [];
  readonly #busy = new Set<string>();

  constructor(housing: Housing) {
    this.#housing = housing;
  }

  /** For machines that are made from now on. */
  set program(program: AgentProgram) {
    this.#housing.program = program;
  }

  /** Something there still goes on by itself. */
  get isBusy(): boolean {
    return this.#busy.size > 0;
  }

  /** Time has gone by: each looks whether there is something for it to do now. */
  stir(): void {
    for (const [id, over] of this.#ends) if (!over.signal.aborted) this.#busy.add(id);
  }

  boot(machine: MadeMachine): void {
    this.#busy.add(machine.id);
    const over = new AbortController();
    this.#ends.set(machine.id, over);
    this.#lives.push(this.#live(machine, over.signal));
  }

  end(id: string): void {
    this.#busy.delete(id);
    this.#ends.get(id)?.abort();
  }

  /** EC2 announces that it takes the machine back. */
  warn(id: string): void {
    this.#instances.get(id)?.warn();
  }

  async close(): Promise<void> {
    for (const over of this.#ends.values()) over.abort();
    await Promise.all(this.#lives);
  }

  async #live(machine: MadeMachine, signal: AbortSignal): Promise<void> {
    const { around, program, life, end } = this.#housing;
    const instance = await Instance.boot(machine, around);
    this.#instances.set(machine.id, instance);
    const powerOff = (): Promise<void> => (signal.aborted ? Promise.resolve() : end(machine.id));
    const rests = (): void => void this.#busy.delete(machine.id);
    const whole: AgentLife = { ...life, instance, agentUrl: this.agentUrl, signal, rests, powerOff };
    try {
      await program(whole);
    } catch (error) {
      if (!signal.aborted) this.troubles.push(error);
    } finally {
      rests();
      await instance.gone();
    }
  }
}
