/** One container of a function: started cold, asked as often as one likes, and killed. */
import { join } from "node:path";
import type { FleetFacts } from "../../../runtime/core/fleet-facts";
import type { Handler } from "../../../runtime/entry/lambda/hosting";
import { awsEnvironment } from "../moto";
import type { Door } from "../proxy/door";
import { signedHost } from "../proxy/sts";
import { begin, dist } from "./function-code";

const usualMs = 60_000;

export interface Deployment {
  readonly name: string;
  readonly facts: FleetFacts;
  /** The way to AWS, which is the function's alone. */
  readonly door: Door;
  readonly now: () => number;
}

/** What an invocation comes to when its container dies. */
export class ContainerDied extends Error {}

type Create = (facts: FleetFacts, options?: object) => Handler<unknown, unknown>;

export class DeployedFunction {
  readonly door: Door;
  readonly #handler: Handler<unknown, unknown>;
  readonly #died: Promise<never>;
  readonly #said: string[] = [];
  #lose: (error: Error) => void = () => undefined;
  #isDead = false;
  #next = 0;

  constructor({ name, facts, door, now }: Deployment) {
    this.door = door;
    this.#died = new Promise((_, reject) => (this.#lose = reject));
    this.#died.catch(() => undefined);
    void door.died.then(() => this.kill());
    const env = { ...awsEnvironment(door.url), ONEJOB_LOG_LEVEL: "info" };
    const write = (text: string): void => void this.#said.push(text);
    const own = { ...facts, queueUrl: `${door.url}${new URL(facts.queueUrl).pathname}` };
    const options = name === "agent" ? { agentFile: join(dist, "agent.js") } : undefined;
    const code = begin(name, { env, now, write, fetch: (input, init) => this.#fetch(input, init) });
    const create = `create${name[0]?.toUpperCase() ?? ""}${name.slice(1)}`;
    this.#handler = (code as Readonly<Record<string, Create>>)[create]?.(own, options) ?? unknown(create);
  }

  /** Rejects with what it threw, or with `ContainerDied`. */
  async invoke<Answer>(event: unknown, remainingMs = usualMs): Promise<Answer> {
    const until = performance.now() + remainingMs;
    const awsRequestId = `request-${++this.#next}`;
    const context = { awsRequestId, getRemainingTimeInMillis: () => until - performance.now() };
    if (this.#isDead) return this.#died;
    const answer = this.#handler(JSON.parse(JSON.stringify(event)), context);
    return JSON.parse(JSON.stringify(await Promise.race([answer, this.#died]))) as Answer;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** What it still waits for never comes, and whatever it begins leads nowhere. */
  kill(): void {
    this.#isDead = true;
    this.door.shut();
    this.#lose(new ContainerDied("the container died"));
  }

  /** All it wrote. */
  get said(): string {
    return this.#said.join("");
  }

  /** STS is the only host that has no address on loopback: which one was meant is part of what is signed. */
  async #fetch(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
    if (this.#isDead) return forever();
    const { hostname } = new URL(input instanceof Request ? input.url : input);
    const headers = { ...(init.headers as Readonly<Record<string, string>>), [signedHost]: hostname };
    const isSts = hostname.startsWith("sts.");
    const answer = await (isSts ? fetch(this.door.url, { ...init, headers }) : fetch(input, init));
    return this.#isDead ? forever() : answer;
  }
}

function forever(): Promise<never> {
  return new Promise(() => undefined);
}

function unknown(name: string): never {
  throw new Error(`there is no ${name}`);
}
