/** The forge as one function of ours reaches it: by calls that take time, fail, are limited, or lose their answers. */
import { OnejobError } from "../../runtime/core/errors";
import type { JobEvent, JobFacts, Parsed } from "../../runtime/core/events";
import { runnerName, type Enrolment, type Job, type Reach, type Runner } from "../../runtime/core/model";
import type { Delivery, JobSource, RerunWish } from "../../runtime/core/ports";
import { eventOf, goneEvents, isNews } from "../fakes/forge-jobs";
import type { Costs } from "./costs";
import type { Deliveries } from "./deliveries";
import type { ForgeJob, ForgeTruth } from "./forge-truth";
import type { Strand } from "./strand";

export const forgeName = "gh";
export const forgeHost = "forge.example";

/** Where the forge's own troubles stand, for all who call it. */
export class ForgeWeather {
  readonly #truth: ForgeTruth;
  #downUntil = 0;
  #quietUntil = 0;

  constructor(truth: ForgeTruth) {
    this.#truth = truth;
  }

  /** Whether it answers at all at the moment. */
  get isFair(): boolean {
    const now = this.#truth.kernel.now();
    return this.#downUntil <= now && this.#quietUntil <= now;
  }

  /** Throws what a call is answered instead of its answer. */
  check(hit: string): void {
    const { dice, kernel } = this.#truth;
    const now = kernel.now();
    if (dice.strikes("forge-outage", hit)) this.#downUntil = now + dice.between(10, 600, "outage") * 1_000;
    if (dice.strikes("rate-limit", hit)) this.#quietUntil = now + 60_000;
    if (this.#downUntil > now || dice.strikes("forge-error", hit)) throw new OnejobError("source-unreachable", "503");
    if (this.#quietUntil > now)
      throw new OnejobError("source-throttled", "asked to wait", { details: { retryAt: this.#quietUntil } });
  }
}

export interface ForgeParts {
  readonly truth: ForgeTruth;
  readonly weather: ForgeWeather;
  readonly deliveries: Deliveries;
  readonly costs: Costs;
}

export class SimForge implements JobSource {
  readonly name = forgeName;
  readonly assigns = false;
  readonly announces = true;
  readonly #strand: Strand;
  readonly #parts: ForgeParts;

  constructor(strand: Strand, parts: ForgeParts) {
    this.#strand = strand;
    this.#parts = parts;
  }

  receive({ id }: Delivery): Promise<Parsed> {
    return Promise.resolve(this.#parts.deliveries.parse(id));
  }

  enrol({ labels }: Reach, { id, name }: { readonly id: string; readonly name: string }): Promise<Enrolment> {
    return this.#call("enrol", (truth) => {
      const standing = truth.runners.get(name);
      if (standing !== undefined && truth.isBusy(standing))
        throw new OnejobError("source-refused", `${name} already has a job`);
      const { handle } = truth.register(runnerName(id), labels);
      return { executor: "github", payload: handle, handle };
    });
  }

  withdraw({ name }: Runner): Promise<"withdrawn" | "busy"> {
    return this.#call("withdraw", (truth) => {
      const standing = truth.runners.get(name);
      if (standing === undefined) return "withdrawn";
      if (truth.isBusy(standing)) return "busy";
      truth.forget(standing);
      return "withdrawn";
    });
  }

  cancel({ id }: Job): Promise<"asked"> {
    return this.#call("cancel", (truth) => {
      const job = truth.open.get(id);
      if (job !== undefined) truth.cancel(job);
      return "asked";
    });
  }

  rerun({ id, key }: Job, wish: RerunWish): Promise<"asked" | "later"> {
    return this.#call("rerun", (truth) => {
      const answer = truth.rerun(id, { ...wish, wished: this.#strand.name === "rerun" });
      if (answer === "later") this.#parts.costs.mustWait(id);
      if (answer === "refused") throw new OnejobError("source-refused", `${key} is gone there, or run again already`);
      return answer;
    });
  }

  jobState({ id }: Job): Promise<JobEvent | undefined> {
    return this.#call("jobState", (truth) => {
      const job = truth.jobs.get(id);
      const shown = job && truth.shown(job);
      return shown && wordOf(shown, `state/${id}/${shown.state}`, truth.kernel.now());
    });
  }

  isFork(): Promise<boolean | null> {
    return this.#call("isFork", () => false);
  }

  findJobs(known: readonly Job[]): Promise<readonly JobEvent[]> {
    return this.#call("findJobs", (truth) => {
      const now = truth.kernel.now();
      const here = new Map(known.map(({ id, state }) => [id, state]));
      const asked = [...truth.open.values(), ...known.flatMap(({ id }) => closed(truth.jobs.get(id)))];
      const news = asked
        .map((job) => truth.shown(job))
        .filter((job) => isNews(job, here.get(job.id)))
        .map((job) => wordOf(job, `state/${job.id}/${job.state}`, now));
      return [...news, ...goneEvents(known, truth.jobs, now)];
    });
  }

  redeliverLost(): Promise<number> {
    return this.#call("redeliverLost", () => this.#parts.deliveries.sendFailedAgain());
  }

  async removeGhosts(isGone: (runner: string) => Promise<boolean>): Promise<number> {
    const idle = await this.#call("removeGhosts", (truth) =>
      [...truth.runners.values()].filter(({ listener, job }) => listener === null && job === null),
    );
    let count = 0;
    for (const runner of idle) {
      if (!(await isGone(runner.name.slice(runnerName("").length)))) continue;
      await this.#call("removeGhosts", (truth) => {
        if (!truth.isBusy(runner)) truth.forget(runner);
      });
      count += 1;
    }
    return count;
  }

  #call<T>(what: string, answer: (truth: ForgeTruth) => T): Promise<T> {
    const { truth, weather, costs } = this.#parts;
    const { dice } = truth;
    // Who wants a job cancelled insists on it every few seconds, whatever it costs.
    if (this.#strand.name !== "cancel") costs.add("forge calls");
    return this.#strand.call({ what: `forge.${what}`, ms: dice.between(40, 400, "forge") }, () => {
      weather.check(this.#strand.hit);
      const answered = answer(truth);
      if (dice.strikes("forge-lost-answer", this.#strand.hit))
        throw new OnejobError("source-unreachable", "its answer is lost");
      return answered;
    });
  }
}

/** What a webhook, or an answer, says of it. */
export function wordOf(job: ForgeJob, delivery: string, receivedAt: number): JobEvent {
  return eventOf(job, { facts: factsOf(job), delivery, receivedAt });
}

export function jobKey(id: string): string {
  return `${forgeName}/${forgeHost}/${id}`;
}

function factsOf({ id, name, labels, run, attempt, createdAt }: ForgeJob): JobFacts {
  return {
    ...{ key: jobKey(id), source: forgeName, host: forgeHost, id, scope: "acme", group: "Default" },
    ...{ name, labels, profile: null, url: null, createdAt, retries: 0, work: null },
    origin: { repository: "acme/widgets", run, attempt, fork: null },
  };
}

function closed(job: ForgeJob | undefined): readonly ForgeJob[] {
  return job?.state === "completed" ? [job] : [];
}
