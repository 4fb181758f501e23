/**
 * A compute whose machines are entries in a map: the twin of the real ones for flow tests and the simulator. Nothing
 * happens by itself. What it answers is scripted, its list may lag, and machines die when the test says so.
 */
import type {
  Clock,
  Compute,
  Identity,
  IdentityProof,
  LaunchRequest,
  Machine,
  MachineOutcome,
  Tokens,
  Wall,
} from "../../runtime/core/ports";
import type { Instant } from "../../runtime/core/model";
import { identityByToken } from "../../runtime/core/token-identity";

export type ScriptedOutcome = MachineOutcome["outcome"];

export interface MemoryComputeOptions {
  readonly kind?: string;
  readonly clock: Clock;
  readonly listLagMs?: number;
  /** @default "machine" */
  readonly wall?: Wall;
  /** Reads boot tokens. Absent: the tokens of the launches are remembered. */
  readonly tokens?: Pick<Tokens, "check">;
  /** Profiles that are refused as `misconfigured`. @default none */
  readonly refuses?: (profile: string) => boolean;
}

export interface MemoryMachine extends Machine {
  readonly profile: string;
  readonly bootToken: string;
  readonly market: LaunchRequest["market"];
  readonly startedAt: Instant;
}

/** Where a call of the compute breaks off: before anything was done, or after all of it. */
export type Break = "before" | "after";

export class MemoryCompute implements Compute {
  readonly kind: string;
  readonly listLagMs: number;
  readonly wall: Wall;
  readonly #options: MemoryComputeOptions;
  readonly #machines = new Map<string, MemoryMachine>();
  readonly #started: MemoryMachine[] = [];
  readonly #ended = new Set<string>();
  readonly #byToken = new Map<string, string>();
  readonly #outcomeOf = new Map<string, ScriptedOutcome>();
  readonly #outcomes: ScriptedOutcome[] = [];
  readonly #breaks: Record<"launch" | "terminate" | "list", Break[]> = { launch: [], terminate: [], list: [] };

  constructor(options: MemoryComputeOptions) {
    this.kind = options.kind ?? "process";
    this.listLagMs = options.listLagMs ?? 0;
    this.wall = options.wall ?? "machine";
    this.#options = options;
  }

  /** Every machine ever started, in order: no runner may be in it twice. */
  get started(): readonly MemoryMachine[] {
    return this.#started;
  }

  /** What is there now, whether `list` shows it yet or not. */
  get machines(): readonly MemoryMachine[] {
    return [...this.#machines.values()];
  }

  machine(runner: string): MemoryMachine | undefined {
    return this.#machines.get(runner);
  }

  /** The next machines asked for get these outcomes, one each; after them all are launched. */
  answerNext(...outcomes: readonly ScriptedOutcome[]): void {
    this.#outcomes.push(...outcomes);
  }

  /** Whenever this runner is launched, until changed. */
  answer(runner: string, outcome: ScriptedOutcome): void {
    this.#outcomeOf.set(runner, outcome);
  }

  /** The next such call throws, and nobody is told what became of it. */
  breakNext(call: "launch" | "terminate" | "list", when: Break): void {
    this.#breaks[call].push(when);
  }

  /** Its agent is dead; the remains stay listed until terminated. */
  die(runner: string): void {
    const machine = this.#machines.get(runner);
    if (machine !== undefined) this.#machines.set(runner, { ...machine, alive: false });
  }

  /** Gone without a trace. */
  vanish(runner: string): void {
    if (this.#machines.delete(runner)) this.#ended.add(runner);
  }

  launch(request: LaunchRequest): Promise<readonly MachineOutcome[]> {
    return this.#call("launch", () => request.machines.map((wanted) => this.#launch(request, wanted)));
  }

  terminate(machines: readonly string[]): Promise<void> {
    return this.#call("terminate", () => {
      for (const machine of machines) {
        this.#machines.delete(machine);
        this.#ended.add(machine);
      }
    });
  }

  list(): Promise<readonly Machine[]> {
    const from = this.#options.clock.now() - this.listLagMs;
    return this.#call("list", () =>
      this.machines
        .filter((found) => found.startedAt <= from)
        .map(({ machine, launch, runner, alive }) => ({ machine, launch, runner, alive })),
    );
  }

  identify(proof: IdentityProof): Promise<Identity | undefined> {
    const tokens = this.#options.tokens ?? { check: (_, token) => this.#byToken.get(token) };
    return Promise.resolve(identityByToken(proof, tokens));
  }

  #launch(request: LaunchRequest, wanted: LaunchRequest["machines"][number]): MachineOutcome {
    const { runner, bootToken } = wanted;
    if (!this.#machines.has(runner) && !this.#ended.has(runner)) {
      const outcome = this.#outcomeFor(request.profile, runner);
      if (outcome !== "launched") return { runner, outcome, detail: `scripted for ${runner} of ${request.profile}` };
      const { launch, profile, market } = request;
      const startedAt = this.#options.clock.now();
      const machine = { machine: runner, runner, launch, profile, bootToken, market, startedAt, alive: true };
      this.#machines.set(runner, machine);
      this.#started.push(machine);
      this.#byToken.set(bootToken, runner);
    }
    return { runner, outcome: "launched", machine: runner };
  }

  #outcomeFor(profile: string, runner: string): ScriptedOutcome {
    if (this.#options.refuses?.(profile) === true) return "misconfigured";
    return this.#outcomeOf.get(runner) ?? this.#outcomes.shift() ?? "launched";
  }

  async #call<T>(name: "launch" | "terminate" | "list", action: () => T): Promise<T> {
    // A real compute answers later, never in the same breath.
    await Promise.resolve();
    const broken = this.#breaks[name].shift();
    if (broken === "before") throw new Error(`the compute broke off before ${name}`);
    const result = action();
    if (broken === "after") throw new Error(`the compute broke off after ${name}`);
    return result;
  }
}
