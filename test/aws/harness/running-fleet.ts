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
import { FakeGitHub, type App, type Installation } from "../../fakes/github";
import { realTime } from "../../fakes/github/time";
import { FleetWorld, secretName, someBase, webhookSecret } from "../fleet-world";
import { clientConfig } from "../moto";
import { AwsProxy } from "../proxy/aws-proxy";
import { jobPath } from "../driven-fleet";
import { doors, type Request } from "../requests";
import { depthOf } from "./event-source";
import { FleetFunctions } from "./fleet-functions";
import { FunctionUrl } from "./function-url";
import { leftOf, type Left } from "./left";
import { lightAgent } from "./light-agent";
import { MachineRoom } from "./machine-room";
import type { RunningOptions } from "./running-options";

export const labels = ["self-hosted", "linux"];
/** With room for a computer that does much else. */
const patienceMs = 60_000;
/** What forge and agents get at least to go on by themselves before time goes by. */
const momentMs = 200;

export interface Shown {
  readonly key: string;
  readonly state: string;
  readonly reason: string | null;
}

export class RunningFleet {
  readonly world: FleetWorld;
  readonly proxy: AwsProxy;
  readonly github: FakeGitHub;
  readonly machines: MachineRoom;
  readonly functions: FleetFunctions;
  #app: App | undefined;
  #installation: Installation | undefined;
  readonly #options: RunningOptions;
  readonly #ec2: EC2Client;
  /** What has gone by since the start, beside the real time. */
  #passedMs = 0;
  readonly #urls: FunctionUrl[] = [];
  readonly #events: Promise<unknown>[] = [];

  private constructor({ world, moto, options }: { world: FleetWorld; moto: string; options: RunningOptions }) {
    const now = (): number => this.now();
    this.world = world;
    this.#options = options;
    this.#ec2 = new EC2Client(clientConfig(moto));
    this.proxy = AwsProxy.start(moto, { now, table: world.table });
    this.functions = new FleetFunctions({ ...options, world, proxy: this.proxy, now });
    this.github = new FakeGitHub({ time: { ...realTime, now }, ...options.github });
    const around = { ec2: this.#ec2, sts: this.proxy.sts, facts: world.facts };
    this.machines = new MachineRoom({
      around,
      program: options.agent ?? lightAgent(),
      life: { fleet: world.facts.fleet, clock: { now } },
      end: (id) => this.end(id),
    });
    this.proxy.machines.onMade = (machine) => this.machines.boot(machine);
    this.proxy.machines.onEnded = (id) => {
      this.machines.end(id);
      if (options.tellsEvents !== false) this.#events.push(this.#tellOfEnd(id));
    };
  }

  static async start(moto: string, options: RunningOptions = {}): Promise<RunningFleet> {
    const world = await FleetWorld.deploy(moto, options.table);
    const fleet = new RunningFleet({ world, moto, options });
    await fleet.github.start();
    await fleet.#configure();
    await fleet.functions.takeMessages();
    const [webhook, agent] = await Promise.all(
      (["webhook", "agent"] as const).map((name) => FunctionUrl.open((event) => fleet.functions.invoke(name, event))),
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
    return Date.now() + this.#passedMs;
  }

  /** So much later, what was put off until now, and what the schedule does then. */
  async pass(ms: number): Promise<void> {
    this.#passedMs += ms;
    await this.proxy.delays.release();
    await this.functions.invoke("sweep", {});
    this.machines.stir();
  }

  api(request: Request): Promise<ProxyAnswer> {
    return this.functions.invoke("api", doors["a function URL"](request));
  }

  keyOf(job: { readonly id: number }): string {
    return `gh/${new URL(this.github.url).host}/${job.id}`;
  }

  /** What people are told of a job. */
  async why(job: { readonly id: number }): Promise<string | null> {
    const key = this.keyOf(job);
    const answer = await this.api({ method: "GET", path: jobPath(key, "/why") });
    return answer.statusCode === 200 ? (JSON.parse(answer.body) as { reason: string | null }).reason : null;
  }

  async jobs(): Promise<readonly Shown[]> {
    const answer = await this.api({ method: "GET", path: "/api/v1/jobs", query: { limit: "500" } });
    return (JSON.parse(answer.body) as { items: readonly Shown[] }).items;
  }

  /** Time goes by while it does not hold: a minute, whenever nothing goes on by itself any more. */
  async inTime(holds: () => boolean | Promise<boolean>, minutes = 60): Promise<void> {
    for (let minute = 0; minute < minutes; minute += 1) {
      const since = performance.now();
      let isQuiet = false;
      while (!isQuiet || performance.now() < since + momentMs) {
        if (await holds()) return;
        if (performance.now() > since + patienceMs) throw new Error(`it never rests\n${await this.#picture()}`);
        await sleep(25);
        isQuiet = !this.machines.isBusy && (await this.#isQuiet());
      }
      await this.pass(60_000);
    }
    throw new Error(`not within ${minutes} minutes\n${await this.#picture()}`);
  }

  event(type: string, machine: string, detail: object = {}): Promise<unknown> {
    const event: InstanceEvent = { "detail-type": type, detail: { "instance-id": machine, ...detail } };
    return this.functions.invoke("events", event);
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
  untilQuiet(): Promise<void> {
    return this.until(() => this.#isQuiet(), "all messages are handled");
  }

  async #isQuiet(): Promise<boolean> {
    await this.github.settled();
    await Promise.all(this.#events);
    return !this.functions.isBusy && (await depthOf(this.world.sqs, this.world.facts.queueUrl)) === 0;
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
    // What is not needed any more leaves when its time without a job is over.
    await this.inTime(isEmpty);
    await this.untilQuiet();
  }

  /** Whatever carries the fleet's tag, or is known to it or its forge. */
  async left(): Promise<Left> {
    const left = await leftOf({ ec2: this.#ec2, world: this.world, github: this.github });
    return { ...left, messages: left.messages + this.proxy.delays.count };
  }

  async stop(): Promise<void> {
    this.proxy.calm();
    await Promise.allSettled(this.#events);
    await this.machines.close();
    await this.functions.stop();
    await Promise.all(this.#urls.map((url) => url.close()));
    await this.proxy.stop();
    await this.world.table?.close();
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
      inHand: { byFunctions: this.functions.isBusy, onQueue: await depthOf(this.world.sqs, this.world.facts.queueUrl) },
      forge: this.github.jobs.map(({ id, status, conclusion }) => ({ id, status, conclusion })),
      failures: this.functions.failures.slice(-5),
      said: await this.functions.said(),
      calls: this.proxy.calls.all.slice(-8).map(({ caller, action }) => `${caller} ${action}`),
      agents: this.machines.troubles.map(String),
    };
    return JSON.stringify(shown, null, 1);
  }
}
