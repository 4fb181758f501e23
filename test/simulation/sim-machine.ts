/**
 * A machine and the agent on it: boots, enrols, listens, runs one job or none, says so, and is gone. It talks as the real
 * one does: every word again until it is answered, heartbeats beside it, and it stops what it is told to stop.
 */
import type { AgentOrders, EnrolAnswer, ReportRequest } from "../../runtime/core/agent-protocol";
import { runnerName, type Instant } from "../../runtime/core/model";
import type { Ports } from "../../runtime/core/ports";
import { enrolRunner } from "../../runtime/flow/enrol-runner";
import { runnerOfLease, trackHeartbeat, trackReport } from "../../runtime/flow/track-job";
import type { Calls } from "./calls";
import type { Dice } from "./dice";
import type { ForgeTruth } from "./forge-truth";
import { serveForge } from "./forge-executor";
import { serveCommand } from "./command-executor";
import type { Kernel } from "./kernel";
import { isRefused, type Server } from "./server";
import type { CloudTruth, SimMachine } from "./sim-cloud";
import { Strand } from "./strand";
import type { Taken, Work } from "./taken";
import type { Market } from "./markets";
import { befall, reclaim } from "./mishaps";

const second = 1_000;
const minute = 60 * second;
const heartbeatMs = 30 * second;
const longestPauseMs = 30 * second;
/** Without a server for so long an agent that has nothing to do gives up. */
const idleSilenceMs = 15 * minute;

export interface MachineWatch {
  enrolled(runner: string, nonce: string): void;
  /** The command of an api job begins, and is over whatever came of it. */
  commandBegan(job: string, runner: string): void;
  commandEnded(job: string, runner: string): void;
  /** How it ended, as its agent is about to say. */
  commandTells(job: string, exitCode: number | null): void;
  /** Its success was told, and answered. */
  commandSucceeded(job: string): void;
  /** We ended it, or told its agent that it is over. `work`: what ran on it. */
  machineTaken(runner: string, taken: Taken): void;
}

export interface MachineParts {
  readonly kernel: Kernel;
  readonly dice: Dice;
  readonly calls: Calls;
  readonly server: Server;
  readonly cloud: CloudTruth;
  readonly forge: ForgeTruth;
  readonly watch: MachineWatch;
  /** How long the command of an api job runs there, and how it ends. */
  readonly commandOf: (job: string) => { readonly ms: number; readonly exitCode: number };
}

/** What the server answered, or that it wants nothing more of this machine. */
export type Told = { readonly kind: "orders"; readonly orders: AgentOrders } | { readonly kind: "over" };

export class SimAgent {
  readonly runner: string;
  readonly parts: MachineParts;
  readonly strand: Strand;
  readonly #machine: SimMachine;
  readonly #nonce: string;
  readonly #skewMs: number;
  #lease = "";
  #cutUntil = 0;
  #heardAt = 0;
  /** Told to leave once nothing runs; or that it is over, whatever runs. */
  #job: { readonly job: string; readonly since: Instant } | undefined;
  #asked: "stay" | "drain" | "over" = "stay";
  #cancelled = false;
  #beatAttempt = 0;
  #begun = false;
  #notice: "none" | "seen" | "over" = "none";
  #touching = false;
  readonly #wakers: (() => void)[] = [];
  /** What goes on without the agent: the forge's own program. */
  goesOn: (() => void) | undefined;
  #isOrphan = false;

  constructor(machine: SimMachine, parts: MachineParts, nonce = `nonce-of-${machine.runner}`) {
    this.runner = machine.runner;
    this.parts = parts;
    this.#machine = machine;
    this.#nonce = nonce;
    // Nobody keeps a fresh machine's clock right.
    this.#skewMs = parts.dice.between(-60, 60, "agent clock") * minute;
    // Its own calls take their time at the server; here it only waits.
    this.strand = new Strand(`machine ${machine.runner}`, parts);
  }

  async live(): Promise<void> {
    const { dice } = this.parts;
    reclaim(this);
    await this.strand.sleep(dice.between(4, 40, "boot") * second);
    if (this.parts.cloud.isImageBad(this.#machine.profile)) return;
    if (dice.strikes("boot-hang", this.runner)) return;
    if (dice.strikes("boot-death", this.runner)) return this.powerOff();
    befall(this);
    const enrolled = await this.#enrol();
    if (enrolled === undefined) return this.powerOff();
    this.#lease = enrolled.lease;
    if (enrolled.executor.kind === "github") await serveForge(this, enrolled.executor.payload);
    else await serveCommand(this);
    this.powerOff();
  }

  /** What runs here; `undefined`: nothing that anybody wants to see its end. */
  get work(): Work | undefined {
    const isWanted = this.#job !== undefined && !this.#cancelled && (this.#isOrphan || !this.strand.dead);
    return isWanted && this.#job ? { ...this.#job, silentSince: this.#heardAt } : undefined;
  }

  /** It ran something, and takes nothing any more. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Its machine is taken away: without a job it leaves. */
  get isLeaving(): boolean {
    return this.#notice !== "none";
  }

  /** It stops what it runs: there is no more time for it. */
  get mustStop(): boolean {
    return this.#notice === "over";
  }

  get market(): Market {
    return this.#machine.market;
  }

  get taken(): Taken {
    const listener = this.parts.forge.runners.get(runnerName(this.runner))?.listener ?? null;
    return { work: this.work, isOffered: listener !== null };
  }

  begins(job: string): void {
    this.#begun = true;
    this.#job = { job, since: this.parts.kernel.now() };
    if (this.isLeaving) this.#tellNotice();
  }

  /** Nothing runs any more, or what runs is to be stopped. */
  ends(): void {
    this.#job = undefined;
  }

  get asked(): "stay" | "drain" | "over" {
    return this.#asked;
  }

  get cancelled(): boolean {
    return this.#cancelled;
  }

  /** Resolves when the server asks for something, or the time is over. */
  async heard(ms: number): Promise<void> {
    await Promise.race([this.strand.sleep(ms), new Promise<void>((resolve) => this.#wakers.push(resolve))]);
  }

  wake(): void {
    for (const waker of this.#wakers.splice(0)) waker();
  }

  /** Says it until it is answered. */
  async report(report: ReportRequest): Promise<Told> {
    for (let tries = 0; ; tries += 1) {
      const told = await this.#tell((ports) => this.#withLease(ports, (runner) => trackReport(runner, report, ports)));
      if (told !== undefined) return told;
      if (this.#isForsaken()) return { kind: "over" };
      await this.strand.sleep(this.#pauseMs(tries));
    }
  }

  /** Beats from now on, for this attempt. */
  keepInTouch(attempt: number): void {
    this.#beatAttempt = attempt;
    if (this.#touching) return;
    this.#touching = true;
    void this.#beat();
  }

  at(): string {
    return new Date(this.parts.kernel.now() + this.#skewMs).toISOString();
  }

  orphan(): void {
    this.#isOrphan = this.goesOn !== undefined;
    this.goesOn?.();
  }

  powerOff(): void {
    this.#isOrphan = false;
    this.strand.die();
    this.parts.forge.leaves(this.runner);
    this.parts.cloud.end(this.runner);
  }

  async #beat(): Promise<void> {
    while (!this.strand.dead) {
      await this.strand.sleep(heartbeatMs);
      const beat = { attempt: this.#beatAttempt, waitMs: 0 };
      await this.#tell((ports) => this.#withLease(ports, (runner) => trackHeartbeat(runner, beat, ports)));
    }
  }

  async #withLease(ports: Ports, act: (runner: Awaited<ReturnType<typeof runnerOfLease>>) => Promise<AgentOrders>) {
    return act(await runnerOfLease(this.#lease, ports));
  }

  async #enrol(): Promise<EnrolAnswer | undefined> {
    const { kernel, watch } = this.parts;
    const began = kernel.now();
    for (let tries = 0; kernel.now() - began < idleSilenceMs; tries += 1) {
      try {
        const enrolled = await this.#reach("enrol", (ports) =>
          enrolRunner({ ...this.#request(), proof: { kind: "token", token: this.#machine.bootToken } }, ports),
        );
        if (enrolled.kind === "later") {
          await this.strand.sleep(enrolled.answer.retryAfterMs);
          continue;
        }
        watch.enrolled(this.runner, this.#nonce);
        return enrolled.answer;
      } catch (error) {
        if (isRefused(error)) return undefined;
        await this.strand.sleep(this.#pauseMs(tries));
      }
    }
    return undefined;
  }

  #request() {
    const agent = { version: "1", os: "linux", arch: "x64" };
    return { protocol: 1, nonce: this.#nonce, agent, bootedAt: this.at() } as const;
  }

  /** `undefined`: no answer. */
  async #tell(say: (ports: Ports) => Promise<AgentOrders>): Promise<Told | undefined> {
    try {
      const orders = await this.#reach("agent", say);
      this.#heardAt = this.parts.kernel.now();
      if (orders.cancel) this.#cancelled = true;
      if (orders.drain && this.#asked === "stay") this.#asked = "drain";
      if (orders.cancel || orders.drain) this.wake();
      return { kind: "orders", orders };
    } catch (error) {
      if (!isRefused(error)) return undefined;
      this.parts.watch.machineTaken(this.runner, this.taken);
      this.#asked = "over";
      this.wake();
      return { kind: "over" };
    }
  }

  async #reach<T>(name: string, say: (ports: Ports) => Promise<T>): Promise<T> {
    const { kernel, dice, server } = this.parts;
    if (dice.strikes("network-cut", this.runner)) this.#cutUntil = kernel.now() + dice.between(5, 300, "cut") * second;
    await this.strand.sleep(dice.between(5, 60, "network"));
    if (this.#cutUntil > kernel.now()) {
      await this.strand.sleep(5 * second);
      throw new Error("nobody is reached");
    }
    const answer = await this.#answered(server.run(`${name} of ${this.runner}`, say));
    if (dice.strikes("report-lost-answer", this.runner)) throw new Error("the answer is lost");
    return answer;
  }

  /** A dead machine hears no answers. */
  #answered<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      answer.then(
        (value) => this.strand.dead || resolve(value),
        (error: unknown) => this.strand.dead || reject(error as Error),
      );
    });
  }

  #isForsaken(): boolean {
    return this.#heardAt > 0 && this.parts.kernel.now() - this.#heardAt > 60 * minute;
  }

  #pauseMs(tries: number): number {
    return Math.min(longestPauseMs, 250 * 2 ** Math.min(tries, 8));
  }

  /** It saw that its machine goes in two minutes. What runs may go on, and who has nothing leaves. */
  expectEnd(): void {
    if (this.strand.dead || this.#notice !== "none") return;
    this.#notice = "seen";
    if (this.#job !== undefined) this.#tellNotice();
    this.wake();
  }

  /** What runs is stopped now, so that there is time to say how it ended. */
  stopForEnd(): void {
    if (this.strand.dead) return;
    this.#notice = "over";
    this.wake();
  }

  #tellNotice(): void {
    if (this.#lease === "") return;
    void this.report({ attempt: this.#beatAttempt, events: [{ type: "interrupted", at: this.at() }] });
  }

  showTokenAgain(): void {
    const other = new SimAgent(this.#machine, this.parts, `other-of-${this.runner}`);
    void other.#enrol();
  }
}
