/**
 * A fleet as it runs: every function as it is built, AWS on its own wire protocol, a GitHub over HTTP, and something on
 * each machine. Nothing happens but by webhooks, messages, agents, events and `pass`, which lets time go by.
 *
 * ```ts
 * const fleet = await RunningFleet.start(url());
 * const job = fleet.github.queueJob("acme/widgets", { labels });
 * await fleet.until(() => job.status === "completed");
 * expect(await fleet.left()).toEqual(nothing);
 * await fleet.stop();
 * ```
 */
import { EC2Client, TerminateInstancesCommand } from "@aws-sdk/client-ec2";
import { setTimeout as sleep } from "node:timers/promises";
import type { InstanceEvent } from "../../../runtime/entry/lambda/events";
import type { ProxyAnswer } from "../../../runtime/entry/lambda/proxy-event";
import type { BatchAnswer, SqsRecord } from "../../../runtime/queue/sqs-records";
import { FakeGitHub, type App, type FakeGitHubOptions, type Installation } from "../../fakes/github";
import { FleetWorld, secretName, someBase, webhookSecret } from "../fleet-world";
import { clientConfig } from "../moto";
import { AwsProxy } from "../proxy/aws-proxy";
import { jobPath } from "../driven-fleet";
import { doors, type Request } from "../requests";
import type { AgentProgram } from "./agent-life";
import { DeployedFunction } from "./deployed-function";
import { depthOf, feed } from "./event-source";
import { FunctionUrl } from "./function-url";
import { leftOf, type Left } from "./left";
import { lightAgent } from "./light-agent";
import { MachineRoom } from "./machine-room";

export interface RunningOptions {
  /** What runs on machines. @default an agent without processes that does its job */
  readonly agent?: AgentProgram;
  /** Further keys of the profile's compute. */
  readonly compute?: object;
  /** Further keys of the profile. */
  readonly profile?: object;
  /** Further keys of the settings, and of the source. */
  readonly base?: object;
  readonly source?: object;
  readonly github?: FakeGitHubOptions;
  /** How many functions take messages at once. @default 1 */
  readonly workers?: number;
  /** What failed comes again at once, not when the function wished it to. @default true */
  readonly hurries?: boolean;
  /** Each message is handed over twice, to two functions at once, in batches of other sizes. @default false */
  readonly doubles?: boolean;
  /** EC2's own events, as EventBridge hands them over. @default true */
  readonly tellsEvents?: boolean;
}

export const labels = ["self-hosted", "linux"];
/** With room for a computer that does much else. */
const patienceMs = 80_000;
/** What agents and messages get to go on by themselves before time goes by. */
const momentMs = 500;

export interface Shown {
  readonly key: string;
  readonly state: string;
  readonly reason: string | null;
}

type Name = "webhook" | "agent" | "api" | "events" | "sweep";

export class RunningFleet {
  readonly world: FleetWorld;
  readonly proxy: AwsProxy;
  readonly github: FakeGitHub;
  readonly machines: MachineRoom;
  /** Messages that failed, each time they did. */
  readonly failures: string[] = [];
  #app: App | undefined;
  #installation: Installation | undefined;
  readonly #options: RunningOptions;
  readonly #ec2: EC2Client;
  readonly #clock: BigInt64Array;
  readonly #functions = new Map<Name, Promise<DeployedFunction>>();
  readonly #work: DeployedFunction[] = [];
  readonly #urls: FunctionUrl[] = [];
  readonly #closing = new AbortController();
  readonly #running: Promise<unknown>[] = [];
  readonly #events: Promise<unknown>[] = [];

  private constructor(parts: { world: FleetWorld; moto: string; clock: BigInt64Array; options: RunningOptions }) {
    const { world, moto, clock, options } = parts;
    this.world = world;
    this.#options = options;
    this.#clock = clock;
    this.#ec2 = new EC2Client(clientConfig(moto));
    this.proxy = AwsProxy.start(moto, () => this.now());
    this.github = new FakeGitHub(options.github);
    const around = { ec2: this.#ec2, sts: this.proxy.sts, facts: world.facts };
    this.machines = new MachineRoom({
      around,
      program: options.agent ?? lightAgent(),
      life: { fleet: world.facts.fleet, clock: { now: () => this.now() } },
      end: (id) => this.end(id),
    });
    this.proxy.machines.onMade = (machine) => this.machines.boot(machine);
    this.proxy.machines.onEnded = (id) => {
      this.machines.end(id);
      if (options.tellsEvents !== false) this.#events.push(this.#tellOfEnd(id));
    };
  }

  static async start(moto: string, options: RunningOptions = {}): Promise<RunningFleet> {
    const world = await FleetWorld.deploy(moto);
    const clock = new BigInt64Array(new SharedArrayBuffer(8));
    const fleet = new RunningFleet({ world, moto, clock, options });
    await fleet.github.start();
    await fleet.#configure();
    for (let n = 0; n < (options.workers ?? 1); n += 1) await fleet.#takeMessages(n);
    const [webhook, agent] = await Promise.all(
      (["webhook", "agent"] as const).map((name) => FunctionUrl.open((event) => fleet.invoke(name, event))),
    );
    fleet.#urls.push(...[webhook, agent].flatMap((url) => url ?? []));
    fleet.machines.agentUrl = agent?.url ?? "";
    fleet.github.hookOf(fleet.appOf()).url = `${webhook?.url ?? ""}/webhooks/gh`;
    return fleet;
  }

  /** Installs the app, once more after `uninstall`. */
  install(): void {
    this.#installation = this.github.installApp(this.appOf(), "acme");
  }

  uninstall(): void {
    if (this.#installation !== undefined) this.github.uninstallApp(this.#installation);
  }

  appOf(): App {
    if (this.#app === undefined) throw new Error("there is no app yet");
    return this.#app;
  }

  now(): number {
    return Date.now() + Number(Atomics.load(this.#clock, 0));
  }

  /** So much later, and what the schedule does then. What no function can wait for (SQS, GitHub) stays in its own time. */
  async pass(ms: number): Promise<void> {
    Atomics.add(this.#clock, 0, BigInt(ms));
    await this.sweep();
  }

  async sweep(): Promise<void> {
    await this.invoke("sweep", {});
  }

  /** The first call is a cold start. */
  async invoke<Answer>(name: Name, event: unknown): Promise<Answer> {
    const found = this.#functions.get(name) ?? this.#deploy(name);
    this.#functions.set(name, found);
    return (await found).invoke<Answer>(event);
  }

  api(request: Request): Promise<ProxyAnswer> {
    return this.invoke("api", doors["a function URL"](request));
  }

  /** What people are told of a job. */
  async why(job: { readonly id: number }): Promise<string | null> {
    const key = `gh/${new URL(this.github.url).host}/${job.id}`;
    const answer = await this.api({ method: "GET", path: jobPath(key, "/why") });
    return answer.statusCode === 200 ? (JSON.parse(answer.body) as { reason: string | null }).reason : null;
  }

  async jobs(): Promise<readonly Shown[]> {
    const answer = await this.api({ method: "GET", path: "/api/v1/jobs", query: { limit: "500" } });
    return (JSON.parse(answer.body) as { items: readonly Shown[] }).items;
  }

  /** Time goes by while it does not hold, a minute with every look. */
  async inTime(holds: () => boolean | Promise<boolean>, minutes = 60): Promise<void> {
    for (let minute = 0; minute < minutes; minute += 1) {
      const until = performance.now() + momentMs;
      await this.untilQuiet();
      for (;;) {
        if (await holds()) return;
        if (performance.now() > until) break;
        await sleep(50);
      }
      await this.pass(60_000);
    }
    throw new Error(`not within ${minutes} minutes\n${await this.#picture()}`);
  }

  /** The container that takes messages: what dies there comes again to another one. */
  get work(): DeployedFunction {
    const [first] = this.#work;
    if (first === undefined) throw new Error("nobody takes messages");
    return first;
  }

  /** Kills it, and there is another one. */
  async coldStart(): Promise<void> {
    await this.work.kill();
    await this.#renew(0);
  }

  event(type: string, machine: string, detail: object = {}): Promise<unknown> {
    const event: InstanceEvent = { "detail-type": type, detail: { "instance-id": machine, ...detail } };
    return this.invoke("events", event);
  }

  /** AWS takes it, or it switches itself off. */
  async end(id: string): Promise<void> {
    await this.#ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
    this.proxy.machines.ended([id]);
  }

  async until(holds: () => boolean | Promise<boolean>, what = "it holds"): Promise<void> {
    const until = performance.now() + patienceMs;
    while (!(await holds())) {
      if (performance.now() > until) throw new Error(`not within ${patienceMs} ms: ${what}\n${await this.#picture()}`);
      await sleep(30);
    }
  }

  /** No webhook is on its way, no message waits or is in hand, and no event. */
  async untilQuiet(): Promise<void> {
    await this.github.settled();
    await this.until(async () => {
      await Promise.all(this.#events);
      return (await depthOf(this.world.sqs, this.world.facts.queueUrl)) === 0;
    }, "all messages are handled");
  }

  /** No machine stands any more. */
  get hasMachines(): boolean {
    const { made, gone } = this.proxy.machines;
    return made.size > gone.size;
  }

  /** Quiet, and neither a machine stands any more nor is one known. */
  async untilEmpty(): Promise<void> {
    const { ledger } = this.world;
    const isEmpty = async () => !this.hasMachines && (await ledger.readProfile("small")).runners.length === 0;
    await this.until(isEmpty, "nothing is left");
    await this.untilQuiet();
  }

  /** Whatever carries the fleet's tag, or is known to it or its forge. */
  async left(): Promise<Left> {
    return leftOf({ ec2: this.#ec2, world: this.world, github: this.github });
  }

  async stop(): Promise<void> {
    this.#closing.abort();
    this.proxy.calm();
    await Promise.allSettled([...this.#events, ...this.#running]);
    await this.machines.close();
    const functions = await Promise.all(this.#functions.values());
    await Promise.all([...functions, ...this.#work].map((one) => one.kill()));
    await Promise.all(this.#urls.map((url) => url.close()));
    await this.proxy.stop();
    await this.github.stop();
  }

  async #configure(): Promise<void> {
    const { compute, profile, base = {}, source = {} } = this.#options;
    const { world, github } = this;
    const { fleet } = world.facts;
    github.addRepository("acme/widgets");
    const app = github.addApp({ webhook: { url: "http://127.0.0.1:1", secret: webhookSecret } });
    this.#app = app;
    this.install();
    const privateKey = { ssm: `/onejob/${fleet}/secrets/gh/private-key` };
    await world.secret(privateKey.ssm, app.privateKey);
    const gh = {
      ...{ name: "gh", kind: "github", url: github.url, scopes: ["acme"], intake: "webhook" },
      ...{ auth: { appId: app.id, privateKey }, webhookSecrets: [{ ssm: secretName(fleet) }] },
      ...source,
    };
    await world.settings({ ...someBase(fleet), sources: [gh], ...base });
    const kind = { kind: "ec2", types: ["m7i.large", "m7a.large"], ...compute };
    await world.profile({ name: "small", labels, limits: { maxRunners: 8 }, ...profile, compute: kind } as {
      name: string;
    });
  }

  async #deploy(name: string): Promise<DeployedFunction> {
    const door = await this.proxy.open(name);
    return new DeployedFunction({ name, facts: this.world.facts, door, clock: this.#clock });
  }

  async #renew(n: number): Promise<void> {
    this.#work[n] = await this.#deploy("work");
  }

  async #takeMessages(n: number): Promise<void> {
    await this.#renew(n);
    const invoke = async (Records: readonly SqsRecord[]) => {
      if (this.#work[n]?.isDead === true) await this.#renew(n);
      const another = this.#options.doubles === true ? (this.#work[n + 1] ?? this.work) : undefined;
      const halves = [Records.slice(0, Records.length / 2), Records.slice(Records.length / 2)];
      // SQS delivers at least once: what the second one says of its copies changes nothing.
      const copies = halves.map((half) => another?.invoke({ Records: half }).catch(() => undefined));
      const answer = await (this.#work[n] ?? this.work).invoke<BatchAnswer>({ Records });
      await Promise.all(copies);
      return answer;
    };
    const { sqs, facts } = this.world;
    const onFailure = (body: string): void => void this.failures.push(body);
    const { hurries = true } = this.#options;
    const source = { sqs, queueUrl: facts.queueUrl, invoke, onFailure, hurries };
    this.#running.push(feed(source, this.#closing.signal));
  }

  async #tellOfEnd(id: string): Promise<void> {
    for (const state of ["shutting-down", "terminated"])
      await this.event("EC2 Instance State-change Notification", id, { state }).catch(() => undefined);
  }

  async #picture(): Promise<string> {
    const { jobs, runners, planner } = await this.world.ledger.readProfile("small");
    const shown = {
      jobs: jobs.map(({ key, state, reason, attempt }) => ({ key, state, reason, attempt })),
      runners: runners.map(({ id, state, machine, job }) => ({ id, state, machine, job })),
      planner,
      forge: this.github.jobs.map(({ id, status, conclusion }) => ({ id, status, conclusion })),
      failures: this.failures.slice(-5),
      agents: this.machines.troubles.map(String),
    };
    return JSON.stringify(shown, null, 1);
  }
}
