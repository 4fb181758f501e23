/**
 * The cloud: makes machines and takes them away. Its truth is what is running there, whoever knows of it. A launch is
 * idempotent by its token and runners, as the port demands; everything else about it is weather.
 */
import type {
  Compute,
  Identity,
  IdentityProof,
  LaunchRequest,
  Machine,
  MachineOutcome,
  Tokens,
} from "../../runtime/core/ports";
import type { Instant } from "../../runtime/core/model";
import { identityByToken } from "../../runtime/core/token-identity";
import type { Dice } from "./dice";
import type { Kernel } from "./kernel";
import type { Strand } from "./strand";

export interface SimMachine {
  readonly runner: string;
  readonly launch: string;
  readonly profile: string;
  readonly bootToken: string;
  readonly startedAt: Instant;
  /** Until then it does not say whose launch it is. */
  readonly namelessUntil: Instant;
  /** What is left of it is listed until somebody ends it. */
  hasRemains: boolean;
  /** `null`: it runs, and is paid for. */
  endedAt: Instant | null;
}

const lacks = ["no-capacity", "quota", "misconfigured"] as const;
type Lack = (typeof lacks)[number];

export interface CloudWatch {
  machineStarted(machine: SimMachine): void;
  machineEnded(machine: SimMachine): void;
  /** Somebody of ours asked for its end. */
  machineTaken(runner: string): void;
}

const kind = "process";
const listLagMs = 5_000;
const minute = 60_000;

export class CloudTruth {
  readonly kernel: Kernel;
  readonly dice: Dice;
  readonly #watch: CloudWatch;
  readonly #machines = new Map<string, SimMachine>();
  readonly #badImages = new Map<string, Instant>();
  readonly #droughts = new Map<Lack, Instant>();
  #downUntil = 0;

  constructor(parts: { readonly kernel: Kernel; readonly dice: Dice; readonly watch: CloudWatch }) {
    this.kernel = parts.kernel;
    this.dice = parts.dice;
    this.#watch = parts.watch;
  }

  /** It answers nothing at the moment. */
  get isDown(): boolean {
    return this.#downUntil > this.kernel.now();
  }

  /** Throws what a call gets instead of an answer. */
  check(hit: string): void {
    const { dice, kernel } = this;
    if (dice.strikes("cloud-outage", hit))
      this.#downUntil = kernel.now() + dice.between(5, 40, "cloud outage") * minute;
    if (this.isDown || dice.strikes("cloud-error", hit)) throw new Error("the cloud does not answer");
  }

  get running(): readonly SimMachine[] {
    return [...this.#machines.values()].filter(({ endedAt }) => endedAt === null);
  }

  machine(runner: string): SimMachine | undefined {
    return this.#machines.get(runner);
  }

  make(request: LaunchRequest): readonly MachineOutcome[] {
    const made = this.dice.strikes("partial-fleet", request)
      ? this.dice.between(0, request.machines.length, "part")
      : Infinity;
    const throttled = this.dice.strikes("cloud-throttled", request);
    return request.machines.map((wanted, index) => {
      const { runner } = wanted;
      if (this.#machines.has(runner)) return { runner, outcome: "launched", machine: runner };
      if (throttled) return { runner, outcome: "throttled", detail: "RequestLimitExceeded" };
      const lacking = this.#lacking(request) ?? (index >= made ? "no-capacity" : undefined);
      if (lacking !== undefined) return { runner, outcome: lacking, detail: "in every zone" };
      this.#start(request, wanted);
      return { runner, outcome: "launched", machine: runner };
    });
  }

  /** Nothing made of it comes up at the moment. */
  isImageBad(profile: string): boolean {
    const now = this.kernel.now();
    if (this.dice.strikes("bad-image", profile))
      this.#badImages.set(profile, now + this.dice.between(20, 60, "image") * minute);
    return (this.#badImages.get(profile) ?? 0) > now;
  }

  take(runner: string): void {
    const machine = this.#machines.get(runner);
    if (machine === undefined) return;
    machine.hasRemains = false;
    if (machine.endedAt !== null) return;
    this.#watch.machineTaken(runner);
    this.end(runner);
  }

  end(runner: string): void {
    const machine = this.#machines.get(runner);
    if (machine === undefined || machine.endedAt !== null) return;
    machine.endedAt = this.kernel.now();
    machine.hasRemains = this.dice.strikes("remains", machine);
    this.#watch.machineEnded(machine);
  }

  /** As it was `agoMs` before. */
  listed(agoMs: number): readonly Machine[] {
    const at = this.kernel.now() - agoMs;
    return [...this.#machines.values()]
      .filter(
        ({ startedAt, endedAt, hasRemains }) => startedAt <= at && (endedAt === null || endedAt > at || hasRemains),
      )
      .map(({ runner, launch, namelessUntil, endedAt }) => {
        const alive = endedAt === null || endedAt > at;
        return { machine: runner, runner, launch: namelessUntil > at ? null : launch, alive };
      });
  }

  #lacking(request: LaunchRequest): Lack | undefined {
    const now = this.kernel.now();
    for (const name of lacks) {
      if (this.dice.strikes(name, request))
        this.#droughts.set(name, now + this.dice.between(1, 10, "drought") * minute);
      if ((this.#droughts.get(name) ?? 0) > now) return name;
    }
    return undefined;
  }

  #start({ launch, profile }: LaunchRequest, { runner, bootToken }: LaunchRequest["machines"][number]): void {
    const startedAt = this.kernel.now();
    const namelessUntil = this.dice.strikes("nameless", runner) ? startedAt + minute : 0;
    const none = { endedAt: null, hasRemains: false };
    const machine: SimMachine = { runner, launch, profile, bootToken, startedAt, namelessUntil, ...none };
    this.#machines.set(runner, machine);
    this.#watch.machineStarted(machine);
  }
}

/** The same, as one function sees it. */
export class SimCloud implements Compute {
  readonly kind = kind;
  readonly wall = "machine";
  readonly listLagMs = listLagMs;
  readonly #strand: Strand;
  readonly #truth: CloudTruth;
  readonly #tokens: Tokens;

  constructor(strand: Strand, truth: CloudTruth, tokens: Tokens) {
    this.#strand = strand;
    this.#truth = truth;
    this.#tokens = tokens;
  }

  launch(request: LaunchRequest): Promise<readonly MachineOutcome[]> {
    return this.#call("launch", [400, 3_000], () => this.#truth.make(request));
  }

  terminate(machines: readonly string[]): Promise<void> {
    return this.#call("terminate", [100, 800], () => {
      for (const machine of machines) this.#truth.take(machine);
    });
  }

  list(): Promise<readonly Machine[]> {
    const { dice } = this.#truth;
    return this.#call("list", [80, 400], () =>
      this.#truth.listed(dice.strikes("list-lag") ? dice.between(0, listLagMs, "list") : 0),
    );
  }

  identify(proof: IdentityProof): Promise<Identity | undefined> {
    return Promise.resolve(identityByToken(proof, this.#tokens));
  }

  #call<T>(what: string, [least, most]: readonly [number, number], effect: () => T): Promise<T> {
    const { dice } = this.#truth;
    return this.#strand.call({ what: `cloud.${what}`, ms: dice.between(least, most, "cloud") }, () => {
      this.#truth.check(this.#strand.hit);
      const answer = effect();
      if (dice.strikes("cloud-lost-answer", this.#strand.hit)) throw new Error("the cloud's answer is lost");
      return answer;
    });
  }
}
