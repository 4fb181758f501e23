/** The functions of a running fleet, each in a container of its own, and those that take messages off the queue. */
import type { BatchAnswer, SqsRecord } from "../../../runtime/queue/sqs-records";
import type { FleetWorld } from "../fleet-world";
import type { AwsProxy } from "../proxy/aws-proxy";
import { DeployedFunction } from "./deployed-function";
import { feed } from "./event-source";
import type { RunningOptions } from "./running-options";

export interface FunctionParts extends Pick<RunningOptions, "workers" | "hurries" | "doubles"> {
  readonly world: FleetWorld;
  readonly proxy: AwsProxy;
  readonly now: () => number;
}

export type Name = "webhook" | "agent" | "api" | "events" | "sweep";

const forNothing = Promise.resolve();

export class FleetFunctions {
  /** Messages that failed, each time they did. */
  readonly failures: string[] = [];
  readonly #parts: FunctionParts;
  readonly #byName = new Map<Name, Promise<DeployedFunction>>();
  readonly #work: DeployedFunction[] = [];
  readonly #closing = new AbortController();
  readonly #taking: Promise<unknown>[] = [];
  #open = 0;

  constructor(parts: FunctionParts) {
    this.#parts = parts;
  }

  /** One of those that are not asked again and again by agents has something in hand. */
  get isBusy(): boolean {
    return this.#open > 0;
  }

  /** The last lines they wrote. */
  async said(): Promise<readonly string[]> {
    const all = [...(await Promise.all(this.#byName.values())), ...this.#work];
    return all.flatMap(({ said }) => said.trim().split("\n").slice(-4));
  }

  /** The first call is a cold start. */
  async invoke<Answer>(name: Name, event: unknown): Promise<Answer> {
    const found = this.#byName.get(name) ?? this.#deploy(name);
    this.#byName.set(name, found);
    return (await found).invoke<Answer>(event);
  }

  /** The container that takes messages: what dies there comes again to another one. */
  get work(): DeployedFunction {
    const [first] = this.#work;
    if (first === undefined) throw new Error("nobody takes messages");
    return first;
  }

  /** Kills it, and there is another one. */
  async coldStart(): Promise<void> {
    this.work.kill();
    await this.#renew(0);
  }

  async takeMessages(): Promise<void> {
    const { world, workers = 1, hurries = true } = this.#parts;
    const { sqs, facts } = world;
    const onFailure = (body: string): void => void this.failures.push(body);
    for (let n = 0; n < workers; n += 1) {
      await this.#renew(n);
      const invoke = (Records: readonly SqsRecord[]): Promise<BatchAnswer> => this.#handle(Records, n);
      const source = { sqs, queueUrl: facts.queueUrl, invoke, onFailure, hurries };
      this.#taking.push(feed(source, this.#closing.signal));
    }
  }

  async stop(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#taking);
    for (const one of [...(await Promise.all(this.#byName.values())), ...this.#work]) one.kill();
  }

  async #handle(Records: readonly SqsRecord[], n: number): Promise<BatchAnswer> {
    if (this.#work[n]?.isDead === true) await this.#renew(n);
    const another = this.#parts.doubles === true ? (this.#work[n + 1] ?? this.work) : undefined;
    const halves = [Records.slice(0, Records.length / 2), Records.slice(Records.length / 2)];
    this.#open += 1;
    try {
      // SQS delivers at least once: what the second one says of its copies changes nothing.
      const doubled = another === undefined ? [] : halves;
      const copies = doubled.map((half) => another?.invoke({ Records: half }).catch(() => undefined) ?? forNothing);
      const answer = await (this.#work[n] ?? this.work).invoke<BatchAnswer>({ Records });
      await Promise.all(copies);
      return answer;
    } finally {
      this.#open -= 1;
    }
  }

  async #renew(n: number): Promise<void> {
    this.#work[n] = await this.#deploy("work");
  }

  async #deploy(name: Name | "work"): Promise<DeployedFunction> {
    const { proxy, world, now } = this.#parts;
    return new DeployedFunction({ name, facts: world.facts, door: await proxy.open(name), now });
  }
}
