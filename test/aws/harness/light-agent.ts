/**
 * An agent without processes: it speaks the protocol as the real one does, and takes its job from the fake GitHub by
 * itself, or runs a command of ours by saying so. For tests with more machines than a computer has.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type {
  AgentEvent,
  AgentOrders,
  EnrolAnswer,
  EnrolLater,
  ListenerOrders,
} from "../../../runtime/core/agent-protocol";
import { proveRole } from "../../../runtime/agent/aws/prove";
import { nodeRandom } from "../../../runtime/entry/host/node-random";
import { BareListener, type Conclusion } from "../../fakes/github";
import type { AgentLife } from "./agent-life";

export interface LightOptions {
  /** How far it gets; then its machine only stands there. @default "end" */
  readonly until?: "boot" | "enrolled" | "listening" | "started" | "end";
  readonly conclusion?: Conclusion;
  /** Between two heartbeats. @default 50 */
  readonly restMs?: number;
}

export const lightAgent =
  (options: LightOptions = {}) =>
  (life: AgentLife): Promise<void> =>
    new LightAgent(life, options).live();

class LightAgent {
  readonly #life: AgentLife;
  readonly #options: LightOptions;
  #lease = "";

  constructor(life: AgentLife, options: LightOptions) {
    this.#life = life;
    this.#options = options;
  }

  async live(): Promise<void> {
    const { until = "end" } = this.#options;
    if (until === "boot") return this.#stand();
    const { executor } = await this.#enrol();
    if (until === "enrolled") return this.#stand();
    const served = executor.kind === "github" ? this.#serveForge(executor.payload) : this.#serveUs();
    if ((await served) === "stands") return this.#stand();
    await this.#life.powerOff();
  }

  async #serveForge(payload: string): Promise<"over" | "stands"> {
    const { until = "end", conclusion = "success" } = this.#options;
    const { credential } = JSON.parse(payload) as ListenerOrders;
    if (credential.kind !== "jit") throw new Error("a light agent knows JIT configurations only");
    const listener = await BareListener.connect(credential.config);
    await this.#report(0, { type: "listening", at: this.#at() });
    if (until === "listening") return "stands";
    const job = await this.#take(listener);
    if (job === undefined) {
      await listener.disconnect();
      await this.#finish(0);
      return "over";
    }
    await this.#report(0, { type: "started", at: this.#at() });
    if (until === "started") return "stands";
    await listener.finish(job, conclusion);
    await this.#finish(0);
    return "over";
  }

  /** `undefined`: it was asked to leave before there was one. */
  async #take(listener: BareListener): Promise<number | undefined> {
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, this.#life.signal]);
    const asked = (async () => {
      for (;;) {
        const { status, body } = await listener.poll(signal);
        if (status === 200 && body["type"] === "job") return Number(body["job"]);
      }
    })();
    const told = (async () => {
      while (!signal.aborted && !(await this.#heartbeat(0)).drain) await this.#rest();
      return undefined;
    })();
    try {
      const job = await Promise.race([asked, told]);
      if (job === undefined) return undefined;
      return (await listener.acquire(job)).status === 200 ? job : undefined;
    } finally {
      over.abort();
      await Promise.allSettled([asked, told]);
    }
  }

  async #serveUs(): Promise<"over" | "stands"> {
    const { until = "end" } = this.#options;
    let orders = await this.#report(0, { type: "listening", at: this.#at() });
    if (until === "listening") return "stands";
    while (orders.assignment === null && !orders.drain) {
      await this.#rest();
      orders = await this.#heartbeat(0);
    }
    const attempt = orders.assignment?.attempt ?? 0;
    if (attempt > 0) await this.#report(attempt, { type: "started", at: this.#at() });
    if (until === "started") return "stands";
    await this.#finish(attempt);
    return "over";
  }

  async #enrol(): Promise<EnrolAnswer> {
    const { fleet, clock, instance, signal } = this.#life;
    const nonce = nodeRandom.id(32);
    const imds = instance.metadata();
    for (;;) {
      const proof = await proveRole({ aws: { fleet, region: "eu-west-1" }, imds, clock }, nonce);
      const agent = { version: "1", os: "linux", arch: "x64" };
      const { status, body } = await this.#post("enrol", { protocol: 1, proof, nonce, agent, bootedAt: this.#at() });
      if (status === 200) {
        const answer = body as EnrolAnswer;
        this.#lease = answer.lease;
        return answer;
      }
      if (status !== 202 && status < 500)
        throw new Error(`the machine is refused with ${status}: ${JSON.stringify(body)}`);
      await sleep(Math.min(50, (body as EnrolLater).retryAfterMs ?? 50), undefined, { signal });
    }
  }

  async #finish(attempt: number): Promise<void> {
    await this.#report(attempt, {
      ...{ type: "finished", at: this.#at(), exitCode: 0 },
      ...{ signal: null, reason: null, detail: null },
    });
  }

  async #report(attempt: number, event: AgentEvent): Promise<AgentOrders> {
    return this.#orders("report", { attempt, events: [event] });
  }

  async #heartbeat(attempt: number): Promise<AgentOrders> {
    return this.#orders("heartbeat", { attempt, waitMs: 0 });
  }

  /** Said again until it is heard; a lease that is over ends it. */
  async #orders(path: string, message: object): Promise<AgentOrders> {
    for (;;) {
      const { status, body } = await this.#post(path, message);
      if (status === 200) return body as AgentOrders;
      if (status === 409 || status === 410) throw new Gone(`${path} is answered with ${status}`);
      await this.#rest();
    }
  }

  async #post(path: string, body: object): Promise<{ readonly status: number; readonly body: unknown }> {
    const { agentUrl, signal } = this.#life;
    const headers = { "content-type": "application/json", authorization: `Bearer ${this.#lease}` };
    const answer = await fetch(`${agentUrl}/agent/v1/${path}`, {
      ...{ method: "POST", headers, body: JSON.stringify(body), signal },
    });
    return { status: answer.status, body: await answer.json() };
  }

  #rest(): Promise<void> {
    return sleep(this.#options.restMs ?? 50, undefined, { signal: this.#life.signal });
  }

  #stand(): Promise<void> {
    const { signal } = this.#life;
    return new Promise((_, reject) =>
      signal.addEventListener("abort", () => reject(new Gone("its machine has ended"))),
    );
  }

  #at(): string {
    return new Date(this.#life.clock.now()).toISOString();
  }
}

/** Nobody has any use for it any more. */
export class Gone extends Error {}
