/** One container of a function: started cold, asked as often as one likes, and killed. */
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Worker } from "node:worker_threads";
import type { FleetFacts } from "../../../runtime/core/fleet-facts";
import { awsEnvironment } from "../moto";
import type { Door } from "../proxy/door";

const dist = join(__dirname, "../../../dist");
const usualMs = 60_000;

export interface Deployment {
  readonly name: string;
  readonly facts: FleetFacts;
  /** The way to AWS, which is the function's alone. */
  readonly door: Door;
  /** What has to be added to the time. */
  readonly clock: BigInt64Array;
}

interface Told {
  readonly id: number;
  readonly answer?: unknown;
  readonly failed?: string;
}

/** What an invocation comes to when its container dies. */
export class ContainerDied extends Error {}

export class DeployedFunction {
  readonly door: Door;
  readonly #worker: Worker;
  readonly #open = new Map<number, { answer: (value: unknown) => void; fail: (error: Error) => void }>();
  readonly #said: Promise<string>;
  #next = 0;
  #lost: Error | undefined;

  constructor({ name, facts, door, clock }: Deployment) {
    this.door = door;
    const { pathname } = new URL(facts.queueUrl);
    const own = { ...facts, queueUrl: `${door.url}${pathname}` };
    const create = `create${name[0]?.toUpperCase() ?? ""}${name.slice(1)}`;
    const options = name === "agent" ? { agentFile: join(dist, "agent.js") } : undefined;
    const file = join(dist, "lambda", `${name}.js`);
    this.#worker = new Worker(join(__dirname, "function-thread.cjs"), {
      env: { ...awsEnvironment(door.url), ONEJOB_LOG_LEVEL: "info", NODE_NO_WARNINGS: "1" },
      workerData: { file, create, facts: own, options, clock, stsUrl: door.url },
      stdout: true,
      stderr: true,
    });
    this.#said = Promise.all([text(this.#worker.stdout), text(this.#worker.stderr)]).then((all) => all.join(""));
    this.#worker.on("message", ({ id, answer, failed }: Told) => {
      const asked = this.#open.get(id);
      this.#open.delete(id);
      if (failed === undefined) asked?.answer(answer);
      else asked?.fail(new Error(failed));
    });
    this.#worker.on("error", (error) => this.#lose(error));
    this.#worker.on("exit", () => this.#lose(new ContainerDied("the container died")));
    void door.died.then(() => this.kill());
  }

  /** Rejects with what it threw, or with `ContainerDied`. */
  invoke<Answer>(event: unknown, remainingMs = usualMs): Promise<Answer> {
    const id = ++this.#next;
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    return new Promise<Answer>((resolve, reject) => {
      this.#open.set(id, { answer: (value) => resolve(value as Answer), fail: reject });
      this.#worker.postMessage({ id, event, remainingMs });
    });
  }

  get isDead(): boolean {
    return this.#lost !== undefined;
  }

  async kill(): Promise<void> {
    this.#lose(new ContainerDied("the container was killed"));
    await this.#worker.terminate();
  }

  /** All it wrote, once it is dead. */
  said(): Promise<string> {
    return this.#said;
  }

  #lose(error: Error): void {
    this.#lost ??= error;
    for (const { fail } of this.#open.values()) fail(error);
    this.#open.clear();
  }
}
