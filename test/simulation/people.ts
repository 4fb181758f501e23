/** Those who work there: they push, approve, cancel, run again, and hand jobs in. */
import { isFinal } from "../../runtime/core/lifecycle";
import { cancelJob } from "../../runtime/flow/cancel-job";
import { drainFleet, resumeFleet } from "../../runtime/flow/drain";
import { rerunJob } from "../../runtime/flow/rerun-job";
import { prepareSubmission, submitJob } from "../../runtime/flow/submit-job";
import { runnerName, type JobKey } from "../../runtime/core/model";
import type { Dice } from "./dice";
import type { ForgeJob, ForgeTruth } from "./forge-truth";
import type { Kernel } from "./kernel";
import type { Arrival } from "./scenario";
import type { Server } from "./server";
import { ownMs } from "./sim-settings";
import { jobKey } from "./sim-forge";

const second = 1_000;
const minute = 60 * second;

export interface PeopleParts {
  readonly kernel: Kernel;
  readonly dice: Dice;
  readonly server: Server;
  readonly forge: ForgeTruth;
  readonly watch: {
    askedAgain(name: string): void;
    /** Somebody asks us to run it again. */
    wantsAgain(key: JobKey): void;
    /** We have said that it will be stopped. */
    cancelled(key: JobKey): void;
    /** Somebody wants it to stop. */
    unwanted(key: JobKey): void;
    /** Whatever runs is to stop. */
    allUnwanted(): void;
  };
}

export class People {
  /** Who did not yet get through with what they want. */
  waiting = 0;
  /** What was asked of us so far, answered or not. */
  asked = 0;
  readonly #parts: PeopleParts;

  constructor(parts: PeopleParts) {
    this.#parts = parts;
    this.#drainNowAndThen();
  }

  expect(arrival: Arrival): void {
    this.waiting += 1;
    this.#parts.kernel.after(arrival.afterMs, () => {
      if (arrival.kind === "api") return void this.#submit(arrival);
      this.waiting -= 1;
      this.#push(arrival);
    });
  }

  #push({ index, durationMs, exitCode, large, run, whims }: Arrival): void {
    const { dice, forge, kernel } = this.#parts;
    const approval = whims.has("approval");
    const heldAtOnce = approval && dice.fraction("held") < 0.5;
    const labels = large ? ["linux", "large"] : ["linux"];
    const job = forge.create(
      { id: `f${index}`, labels, run, durationMs, fails: exitCode !== 0 },
      heldAtOnce ? "waiting" : "queued",
    );
    if (approval && !heldAtOnce) kernel.after(dice.between(1, 20, "held") * second, () => forge.offer(job, "waiting"));
    if (approval) this.#approve(job);
    if (whims.has("cancel")) this.#later([1, 600], () => void this.#cancelThere(job));
    if (whims.has("job-deleted")) this.#later([1, 600], () => forge.delete(job));
    if (whims.has("rerun")) this.#rerun(job);
  }

  /** Who hears that a machine goes may lose patience with what runs on it. */
  seesNotice(runner: string): void {
    const { forge, dice } = this.#parts;
    const job = forge.open.get(forge.runners.get(runnerName(runner))?.job ?? "");
    if (job !== undefined && dice.strikes("cancel", job, 4)) this.#later([1, 100], () => void this.#cancelThere(job));
  }

  #approve(job: ForgeJob): void {
    this.#later([30, 1_200], () => this.#parts.forge.offer(job, "queued"));
  }

  /** There, or with us, where it is known. */
  async #cancelThere(job: ForgeJob): Promise<void> {
    const { forge, dice, watch } = this.#parts;
    watch.unwanted(jobKey(job.id));
    const isHere = dice.fraction("where") < 0.5;
    if (!isHere || (await this.#cancel(jobKey(job.id))) === "unknown") forge.cancel(job);
  }

  /** There only after its whole run, as the forge wants it; with us at any time after it ended. */
  #rerun(job: ForgeJob): void {
    const { forge, kernel, dice } = this.#parts;
    const isHere = dice.fraction("where") < 0.5;
    this.waiting += 1;
    kernel.every(minute, () => {
      if (isHere ? job.state !== "completed" : forge.isUnderWay(job.run)) return true;
      if (isHere) void this.#rerunHere(jobKey(job.id));
      else {
        forge.again(job, `${job.id}r${dice.between(1, 1_000_000, "rerun")}`);
        this.waiting -= 1;
      }
      return false;
    });
  }

  /** Asked for once: who asks again wants one more. */
  async #rerunHere(key: JobKey): Promise<void> {
    const { server, watch } = this.#parts;
    this.asked += 1;
    watch.wantsAgain(key);
    await server
      .run("rerun", async (ports) => {
        const job = await ports.ledger.readJob(key);
        if (job?.work != null) watch.askedAgain(job.name);
        if (job !== undefined) await rerunJob(job, ports);
      })
      .catch(() => undefined);
    this.waiting -= 1;
  }

  /** Somebody is about to work on the host, and is through with it some time later. */
  #drainNowAndThen(): void {
    const { kernel, dice, server, watch } = this.#parts;
    kernel.every(minute, () => {
      if (!dice.strikes("drain")) return true;
      const now = dice.fraction("drain") < 0.3;
      this.waiting += 1;
      const drained = this.#insist(() =>
        server.run("drain", (ports) => {
          if (now) watch.allUnwanted();
          return drainFleet({ now }, ports);
        }),
      );
      void drained.then(() => this.#later([60, 1_200], () => void this.#resume()));
      return false;
    });
  }

  async #resume(): Promise<void> {
    await this.#insist(() => this.#parts.server.run("resume", resumeFleet));
    this.waiting -= 1;
    this.#drainNowAndThen();
  }

  /** Again with the same key until there is an answer, as the command line does. */
  async #submit(arrival: Arrival): Promise<void> {
    const { server } = this.#parts;
    const submission = {
      ...{ command: ["true"], labels: [], env: {}, timeoutMs: ownMs, name: `a${arrival.index}` },
      ...{ profile: arrival.large ? "large" : "small", retries: arrival.retries },
    };
    const job = await this.#insist(() =>
      server.run("submit", async (ports) => {
        const prepared = await prepareSubmission(submission, `key ${arrival.index}`, ports);
        return prepared.existing ?? submitJob(prepared, null, ports);
      }),
    );
    this.waiting -= 1;
    if (arrival.whims.has("cancel")) this.#later([1, 600], () => void this.#cancel(job.key));
    if (!arrival.whims.has("rerun")) return;
    this.waiting += 1;
    this.#later([60, 1_800], () => void this.#rerunHere(job.key));
  }

  async #cancel(key: JobKey): Promise<"asked" | "unknown"> {
    this.waiting += 1;
    this.#parts.watch.unwanted(key);
    const known = await this.#insist(() =>
      this.#parts.server.run("cancel", async (ports) => {
        const job = await ports.ledger.readJob(key);
        const stands = job && (await cancelJob(job, ports));
        if (stands !== undefined && !isFinal(stands.state)) this.#parts.watch.cancelled(key);
        return job !== undefined;
      }),
    );
    this.waiting -= 1;
    return known ? "asked" : "unknown";
  }

  async #insist<T>(ask: () => Promise<T>): Promise<T> {
    this.asked += 1;
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
