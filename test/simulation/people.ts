/** Those who work there: they push, approve, cancel, run again, and hand jobs in. */
import { cancelJob } from "../../runtime/flow/cancel-job";
import { prepareSubmission, submitJob } from "../../runtime/flow/submit-job";
import type { Job } from "../../runtime/core/model";
import type { Dice } from "./dice";
import type { ForgeJob, ForgeTruth } from "./forge-truth";
import type { Kernel } from "./kernel";
import type { Arrival } from "./scenario";
import type { Server } from "./server";

const second = 1_000;
const minute = 60 * second;

export interface PeopleParts {
  readonly kernel: Kernel;
  readonly dice: Dice;
  readonly server: Server;
  readonly forge: ForgeTruth;
}

export class People {
  /** Who did not yet get through with what they want. */
  waiting = 0;
  readonly #parts: PeopleParts;

  constructor(parts: PeopleParts) {
    this.#parts = parts;
  }

  expect(arrival: Arrival): void {
    this.waiting += 1;
    this.#parts.kernel.after(arrival.afterMs, () => {
      if (arrival.kind === "api") return void this.#submit(arrival);
      this.waiting -= 1;
      this.#push(arrival);
    });
  }

  #push({ index, durationMs, large, run }: Arrival): void {
    const { dice, forge, kernel } = this.#parts;
    const approval = dice.strikes("approval", `f${index}`);
    const heldAtOnce = approval && dice.fraction("held") < 0.5;
    const labels = large ? ["linux", "large"] : ["linux"];
    const job = forge.create({ id: `f${index}`, labels, run, durationMs }, heldAtOnce ? "waiting" : "queued");
    if (approval && !heldAtOnce) kernel.after(dice.between(1, 20, "held") * second, () => forge.offer(job, "waiting"));
    if (approval) this.#approve(job);
    if (dice.strikes("cancel", job)) this.#later([1, 600], () => forge.cancel(job));
    if (dice.strikes("job-deleted", job)) this.#later([1, 600], () => forge.delete(job));
    if (dice.strikes("rerun", job)) this.#rerun(job);
  }

  #approve(job: ForgeJob): void {
    this.#later([30, 1_200], () => this.#parts.forge.offer(job, "queued"));
  }

  /** Only after its whole run, as the forge wants it. */
  #rerun(job: ForgeJob): void {
    const { forge, kernel, dice } = this.#parts;
    this.waiting += 1;
    kernel.every(minute, () => {
      if ([...forge.open.values()].some(({ run }) => run === job.run)) return true;
      this.waiting -= 1;
      const { labels, run, durationMs } = job;
      forge.create({ id: `${job.id}r${dice.between(1, 1_000_000, "rerun")}`, labels, run, durationMs });
      return false;
    });
  }

  /** Again with the same key until there is an answer, as the command line does. */
  async #submit(arrival: Arrival): Promise<void> {
    const { server, dice } = this.#parts;
    const submission = {
      ...{ command: ["true"], labels: [], env: {}, timeoutMs: 30 * minute, name: `a${arrival.index}` },
      ...{ profile: arrival.large ? "large" : "small", retries: arrival.retries },
    };
    const job = await this.#insist(() =>
      server.run("submit", async (ports) => {
        const prepared = await prepareSubmission(submission, `key ${arrival.index}`, ports);
        return prepared.existing ?? submitJob(prepared, null, ports);
      }),
    );
    this.waiting -= 1;
    if (dice.strikes("cancel", job)) this.#later([1, 600], () => void this.#cancel(job));
  }

  async #cancel({ key, profile }: Job): Promise<void> {
    this.waiting += 1;
    await this.#insist(() =>
      this.#parts.server.run("cancel", async (ports) => {
        const job = await ports.ledger.readJob(key, profile);
        if (job !== undefined) await cancelJob(job, ports);
      }),
    );
    this.waiting -= 1;
  }

  async #insist<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask();
      } catch {
        await new Promise<void>((resolve) => this.#later([1, 10], resolve));
      }
    }
  }

  #later([least, most]: readonly [number, number], act: () => void): void {
    const { kernel, dice } = this.#parts;
    kernel.after(dice.between(least * second, most * second, "people"), act);
  }
}
