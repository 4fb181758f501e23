/** Everything the flows need, in memory, with a clock the test moves. Nothing happens until the test says so. */
import type { AgentEvent, AgentOrders, EnrolRequest } from "../../runtime/core/agent-protocol";
import type { Job, ProfileView, Runner } from "../../runtime/core/model";
import type { Clock, Compute, JobSource, Log, Meter, Ports, Random, Tokens, Wall } from "../../runtime/core/ports";
import type { ReasonCode } from "../../runtime/core/reasons";
import type { Settings } from "../../runtime/core/settings";
import { enrolRunner } from "../../runtime/flow/enrol-runner";
import { prepareSubmission, submitJob, type Submission } from "../../runtime/flow/submit-job";
import { sweep } from "../../runtime/flow/sweep";
import { runnerOfLease, trackHeartbeat, trackReport } from "../../runtime/flow/track-job";
import { work } from "../../runtime/flow/work";
import { apiSource } from "../../runtime/sources/api";
import { noon, someSettings } from "../fixtures/records";
import { MemoryCompute } from "./memory-compute";
import { MemoryFiles } from "./memory-files";
import { MemoryLedger } from "./memory-ledger";
import { memoryQueue } from "./memory-queue";

export class ManualClock implements Clock {
  #now = noon;
  now = () => this.#now;
  forward(ms: number): void {
    this.#now += ms;
  }
}

/** Counts up: names differ, and are the same in every run. */
export function countingRandom(): Random {
  let made = 0;
  const next = (length: number) => String(++made).padStart(length, "0");
  return { id: next, ulid: () => `01JD${next(22)}`, fraction: () => 0.5 };
}

const plainTokens: Tokens = {
  mint: (kind, subject) => `${kind}:${subject}`,
  check: (kind, token) => (token.startsWith(`${kind}:`) ? token.slice(kind.length + 1) : undefined),
};

const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** What was counted and observed, for tests that ask. */
export class MemoryMeter implements Meter {
  readonly counts = new Map<string, number>();
  readonly observed: { readonly name: string; readonly seconds: number; readonly labels: unknown }[] = [];
  count(name: string, labels: Readonly<Record<string, string>>, by = 1): void {
    const key = `${name}${JSON.stringify(labels)}`;
    this.counts.set(key, (this.counts.get(key) ?? 0) + by);
  }
  observe(name: string, seconds: number, labels: unknown = {}): void {
    this.observed.push({ name, seconds, labels });
  }
}

export class World {
  readonly clock = new ManualClock();
  readonly ledger = new MemoryLedger({ clock: this.clock });
  readonly files = new MemoryFiles();
  readonly meter = new MemoryMeter();
  readonly compute: MemoryCompute;
  readonly ports: Ports;
  settings: Settings;

  constructor(settings: Settings = someSettings(), sources: readonly JobSource[] = [apiSource()], wall?: Wall) {
    this.settings = settings;
    const kind = settings.profiles[0]?.compute.kind ?? "process";
    this.compute = new MemoryCompute({ kind, clock: this.clock, tokens: plainTokens, ...(wall ? { wall } : {}) });
    const random = countingRandom();
    // Redelivery is asked for by the tests, never by a timer.
    const queue = memoryQueue({ clock: this.clock, random, log: silent, timer: () => () => undefined });
    const computes: readonly Compute[] = [this.compute];
    this.ports = {
      settings: () => this.settings,
      source: (name) => sources.find((source) => source.name === name),
      compute: (kind) => computes.find((compute) => compute.kind === kind),
      ledger: this.ledger,
      queue,
      files: this.files,
      tokens: plainTokens,
      clock: this.clock,
      random,
      log: silent,
      meter: this.meter,
    };
  }

  /** Works the queue off. */
  async pump(): Promise<void> {
    for (;;) {
      const received = await this.ports.queue.receive(10, 0);
      if (received.length === 0) return;
      for (const { id, message } of received) {
        await work(message, this.ports);
        await this.ports.queue.done(id);
      }
    }
  }

  /** One round of what the server does by itself. */
  async turn(ms = 0): Promise<void> {
    this.clock.forward(ms);
    await sweep(this.ports);
    await this.pump();
  }

  async submit(changes: Partial<Submission> = {}, idempotencyKey?: string): Promise<Job> {
    const plain = { command: ["true"], labels: [], profile: null, env: {}, timeoutMs: 60_000, retries: 0, name: null };
    const prepared = await prepareSubmission({ ...plain, ...changes }, idempotencyKey, this.ports);
    return prepared.existing ?? submitJob(prepared, null, this.ports);
  }

  async job(key: string): Promise<Job> {
    const job = await this.ledger.readJob(key);
    if (job === undefined) throw new Error(`no job ${key}`);
    return job;
  }

  view(profile = "small"): Promise<ProfileView> {
    return this.ledger.readProfile(profile);
  }

  /** A job whose command runs, with the agent that runs it. */
  async running(retries = 0): Promise<{ readonly key: string; readonly agent: FakeAgent }> {
    const { key } = await this.submit({ retries });
    await this.pump();
    const agent = this.agents().at(-1);
    if (agent === undefined) throw new Error("no machine was made");
    await agent.take();
    await agent.start();
    return { key, agent };
  }

  /** The agent on a machine that was launched. */
  agent(runner: string, nonce = `nonce-of-${runner}-0123456789`): FakeAgent {
    return new FakeAgent(this, runner, nonce);
  }

  /** Agents of all machines that live. */
  agents(): readonly FakeAgent[] {
    return this.compute.machines.filter((machine) => machine.alive).map((machine) => this.agent(machine.runner));
  }
}

/** Says what a real agent would, when told to. */
export class FakeAgent {
  readonly runner: string;
  readonly #world: World;
  readonly #nonce: string;
  attempt = 0;

  constructor(world: World, runner: string, nonce: string) {
    this.#world = world;
    this.runner = runner;
    this.#nonce = nonce;
  }

  async enrol() {
    const token = this.#world.compute.machine(this.runner)?.bootToken ?? "";
    const request: EnrolRequest = {
      protocol: 1,
      proof: { kind: "token", token },
      nonce: this.#nonce,
      agent: { version: "test", os: "linux", arch: "x64" },
      bootedAt: this.#at(),
    };
    return enrolRunner(request, this.#world.ports);
  }

  /** Enrols, listens, and takes the job that is there for it. */
  async take(): Promise<AgentOrders> {
    await this.enrol();
    const orders = await this.report([{ type: "listening", at: this.#at() }]);
    if (orders.assignment) this.attempt = orders.assignment.attempt;
    return orders;
  }

  async start(): Promise<AgentOrders> {
    return this.report([{ type: "started", at: this.#at() }]);
  }

  async finish(exitCode: number | null = 0, reason: ReasonCode | null = null, detail: string | null = null) {
    return this.report([{ type: "finished", at: this.#at(), exitCode, signal: null, reason, detail }]);
  }

  /** From boot to end, well. */
  async serve(): Promise<void> {
    if ((await this.take()).assignment === null) return;
    await this.start();
    await this.finish();
  }

  async report(events: readonly AgentEvent[], log?: { offset: number; data: string }): Promise<AgentOrders> {
    const runner = await this.#lease();
    return trackReport(runner, { attempt: this.attempt, events, ...(log ? { log } : {}) }, this.#world.ports);
  }

  async beat(): Promise<AgentOrders> {
    return trackHeartbeat(await this.#lease(), { attempt: this.attempt, waitMs: 0 }, this.#world.ports);
  }

  #lease(): Promise<Runner> {
    const profile = this.#world.compute.machine(this.runner)?.profile ?? "small";
    return runnerOfLease(`lease:${profile}/${this.runner}`, this.#world.ports);
  }

  #at(): string {
    return new Date(this.#world.clock.now()).toISOString();
  }
}
