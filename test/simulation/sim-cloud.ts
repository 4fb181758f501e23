/**
 * The cloud: makes machines and takes them away. Its truth is what is running there, whoever knows of it. A launch is
 * idempotent by its token and runners, as the port demands; everything else about it is weather.
 */
import type { Instant } from "../../runtime/core/model";
import type {
  Compute,
  Identity,
  IdentityProof,
  LaunchRequest,
  Machine,
  MachineOutcome,
  Message,
  Tokens,
} from "../../runtime/core/ports";
import { identityByToken } from "../../runtime/core/token-identity";
import type { Dice } from "./dice";
import type { Kernel } from "./kernel";
import { Markets, type Market, type Refusal } from "./markets";
import type { MarketPlan } from "./scenario";
import type { Strand } from "./strand";

export interface SimMachine {
  readonly runner: string;
  readonly launch: string;
  readonly profile: string;
  readonly bootToken: string;
  readonly market: Market;
  readonly startedAt: Instant;
  /** Until then it does not say whose launch it is. */
  readonly namelessUntil: Instant;
  /** What is left of it is listed until somebody ends it. */
  hasRemains: boolean;
  /** `null`: it runs, and is paid for. */
  endedAt: Instant | null;
}

export interface CloudWatch {
  machineStarted(machine: SimMachine): void;
  machineEnded(machine: SimMachine): void;
  /** Somebody of ours asked for its end. */
  machineTaken(runner: string): void;
  /** It will be taken back in two minutes. */
  noticed(runner: string): void;
  /** What it tells by itself, where it does. */
  said(word: CloudWord): void;
}

/** `warned`: notice was given. `check`: its state has changed. */
export type CloudWord = Extract<Message, { readonly kind: "warned" | "check" }>;

const kind = "ec2";
const listLagMs = 5_000;
const minute = 60_000;

export class CloudTruth {
  readonly kernel: Kernel;
  readonly dice: Dice;
  readonly #watch: CloudWatch;
  readonly #machines = new Map<string, SimMachine>();
  /** Nobody knows whose they are, not even they. From when on they run, and until when. */
  readonly #unpaired = new Map<string, { readonly launch: string; readonly startedAt: Instant }>();
  readonly #badImages = new Map<string, Instant>();
  readonly #markets: Markets;
  readonly #tells: boolean;
  #downUntil = 0;
  #strays = 0;

  constructor(parts: CloudParts) {
    this.kernel = parts.kernel;
    this.dice = parts.dice;
    this.#watch = parts.watch;
    this.#markets = new Markets(parts, parts.market.spot);
    this.#tells = parts.market.tells;
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

  /** Those that run and serve nobody, and since when. */
  get unpaired(): ReadonlyMap<string, { readonly startedAt: Instant }> {
    return this.#unpaired;
  }

  machine(runner: string): SimMachine | undefined {
    return this.#machines.get(runner);
  }

  make(request: LaunchRequest): readonly MachineOutcome[] {
    const throttled = this.dice.strikes("cloud-throttled", request);
    const most = this.#markets.part(request);
    let made = 0;
    return request.machines.map((wanted): MachineOutcome => {
      const { runner } = wanted;
      if (this.#machines.has(runner)) return { runner, outcome: "launched", machine: runner };
      if (throttled) return refused(runner, "throttled");
      const found = made < most ? this.#markets.find(request) : this.#markets.refusal();
      if (found !== "spot" && found !== "on-demand") return refused(runner, found);
      made += 1;
      if (this.dice.strikes("unpaired", runner)) return this.#startUnpaired(request, runner);
      this.#start({ ...request, market: found }, wanted);
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
    this.#unpaired.delete(runner);
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
    this.#tell({ kind: "check", profile: machine.profile, runner, machine: runner });
  }

  /** It will be taken back, or is only more likely to be. One that has ended is not spoken of. */
  warn(runner: string, of: "interruption" | "rebalance"): void {
    const machine = this.#machines.get(runner);
    if (machine === undefined || machine.endedAt !== null) return;
    if (of === "interruption") this.#watch.noticed(runner);
    this.#tell({ kind: "warned", profile: machine.profile, runner, machine: runner, of });
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
      })
      .concat(
        [...this.#unpaired]
          .filter(([, { startedAt }]) => startedAt <= at)
          .map(([machine, { launch }]) => ({ machine, runner: "", launch, alive: true })),
      );
  }

  #start(request: Found, { runner, bootToken }: LaunchRequest["machines"][number]): void {
    const { launch, profile, market } = request;
    const startedAt = this.kernel.now();
    const namelessUntil = this.dice.strikes("nameless", runner) ? startedAt + minute : 0;
    const none = { endedAt: null, hasRemains: false };
    const machine: SimMachine = { runner, launch, profile, bootToken, market, startedAt, namelessUntil, ...none };
    this.#machines.set(runner, machine);
    this.#watch.machineStarted(machine);
  }

  #startUnpaired({ launch }: LaunchRequest, runner: string): MachineOutcome {
    this.#strays += 1;
    this.#unpaired.set(`stray${this.#strays}`, { launch, startedAt: this.kernel.now() });
    return refused(runner, "throttled");
  }

  /** Nothing of this is promised: not that it comes, nor when, nor how often. */
  #tell(word: CloudWord): void {
    const { dice, kernel } = this;
    if (!this.#tells || dice.strikes("word-lost", word)) return;
    const lateMs = dice.strikes("word-late", word) ? dice.between(1, 300, "word") * 1_000 : 0;
    kernel.after(dice.between(300, 5_000, "word") + lateMs, () => this.#watch.said(word));
    if (dice.strikes("word-twice", word)) kernel.after(dice.between(300, 60_000, "word"), () => this.#watch.said(word));
  }
}

interface Found extends Omit<LaunchRequest, "market"> {
  readonly market: Market;
}

interface CloudParts {
  readonly kernel: Kernel;
  readonly dice: Dice;
  readonly watch: CloudWatch;
  readonly market: MarketPlan;
}

const details: Readonly<Record<Refusal, string>> = {
  "no-capacity": "in every zone",
  quota: "VcpuLimitExceeded",
  throttled: "RequestLimitExceeded",
  misconfigured: "InvalidAMIID.NotFound",
};

function refused(runner: string, outcome: Refusal): MachineOutcome {
  return { runner, outcome, detail: details[outcome] };
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
