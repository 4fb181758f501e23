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
  /** Between two heartbeats, and two tries to enrol, at most. @default 100 */
  readonly restMs?: number;
  /** What a job of GitHub takes besides its script. @default no time */
  readonly lasts?: (job: { readonly id: number }, signal: AbortSignal) => Promise<void>;
}

const usualRestMs = 100;

type Came =
  | { readonly kind: "job"; readonly id: number; readonly script: string }
  /** Or its job went elsewhere in this moment. */
  | { readonly kind: "asked to leave" }
  | { readonly kind: "too old" };

const tooOld = { exitCode: 7, reason: "misconfigured", detail: "the runner program is too old (exit 7)" };

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
    const { until = "end" } = this.#options;
    const { credential } = JSON.parse(payload) as ListenerOrders;
    if (credential.kind !== "jit") throw new Error("a light agent knows JIT configurations only");
    const listener = await BareListener.connect(credential.config);
    await this.#report(0, { type: "listening", at: this.#at() });
    if (until === "listening") return "stands";
    const came = await this.#take(listener);
    if (came.kind === "job") {
      await this.#report(0, { type: "started", at: this.#at() });
      if (until === "started") return "stands";
      await this.#options.lasts?.(came, this.#life.signal);
      await listener.finish(came.id, await this.#run(came.script, listener));
    } else await listener.disconnect();
    await (came.kind === "too old" ? this.#finish(0, tooOld) : this.#finish(0));
    return "over";
  }

  async #take(listener: BareListener): Promise<Came> {
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, this.#life.signal]);
    const asked = (async (): Promise<Came> => {
      for (;;) {
        const { status, body } = await listener.poll(signal);
        if (status === 403) return { kind: "too old" };
        if (status === 200 && body["type"] === "job") return this.#acquire(listener, Number(body["job"]));
      }
    })();
    const told = (async (): Promise<Came> => {
      while (!signal.aborted && !(await this.#heartbeat(0)).drain) await this.#rest(signal);
      return { kind: "asked to leave" };
    })();
    try {
      return await Promise.race([asked, told]);
    } finally {
      over.abort();
      await Promise.allSettled([asked, told]);
    }
  }

  async #acquire(listener: BareListener, id: number): Promise<Came> {
    const { status, body } = await listener.acquire(id);
    return status === 200 ? { kind: "job", id, script: String(body["script"]) } : { kind: "asked to leave" };
  }

  /** As much of a shell as tests need: `sleep N` and `exit N`. */
  async #run(script: string, listener: BareListener): Promise<Conclusion> {
    const seconds = Number(/^sleep (\d+)$/.exec(script)?.[1] ?? 0);
    const resting = setInterval(() => this.#life.rests(), usualRestMs);
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, this.#life.signal]);
    const cancelled = (async (): Promise<Conclusion> => {
      for (;;) if ((await listener.poll(signal)).status === 200) return "cancelled";
    })();
    const done = sleep(seconds * 1_000, undefined, { signal }).then((): Conclusion =>
      /^exit [1-9]/.test(script) ? "failure" : "success",
    );
    try {
      return await Promise.race(seconds === 0 ? [done] : [done, cancelled]);
    } finally {
      clearInterval(resting);
      over.abort();
      await Promise.allSettled([done, cancelled]);
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
      const aws = { fleet, region: "eu-west-1" };
      const proof = await proveRole({ aws, imds, clock }, nonce);
      const agent = { version: "1", os: "linux", arch: "x64" };
      const { status, body } = await this.#post("enrol", { protocol: 1, proof, nonce, agent, bootedAt: this.#at() });
      if (status === 200) {
        const answer = body as EnrolAnswer;
        this.#lease = answer.lease;
        return answer;
      }
      if (status !== 202 && status < 500)
        throw new Error(`the machine is refused with ${status}: ${JSON.stringify(body)}`);
      const { restMs = usualRestMs } = this.#options;
      this.#life.rests();
      await sleep(Math.min(restMs, (body as EnrolLater).retryAfterMs ?? restMs), undefined, { signal });
    }
  }

  async #finish(attempt: number, changes: object = {}): Promise<void> {
    const well = { exitCode: 0, signal: null, reason: null, detail: null };
    await this.#report(attempt, { type: "finished", at: this.#at(), ...well, ...changes });
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

  #rest(signal = this.#life.signal): Promise<void> {
    this.#life.rests();
    return sleep(this.#options.restMs ?? usualRestMs, undefined, { signal });
  }

  /** Until its machine ends. */
  async #stand(): Promise<never> {
    for (;;) await this.#rest();
  }

  #at(): string {
    return new Date(this.#life.clock.now()).toISOString();
  }
}

/** Nobody has any use for it any more. */
export class Gone extends Error {}
