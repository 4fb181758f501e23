/**
 * I11: what an interruption took is run again, where its profile says so: one of ours by ourselves, a forge's by asking
 * the forge, once. The next machine for it is on-demand. Nothing else is run again but what people want.
 */
import { runnerName, type Instant, type Job, type JobKey, type Launch } from "../../runtime/core/model";
import type { ForgeJob, Rerun } from "./forge-truth";
import type { Breach } from "./judge";
import type { Kernel } from "./kernel";
import type { Picture } from "./picture";
import type { MarketPlan } from "./scenario";
import { jobKey } from "./sim-forge";

/** What was taken so often is not tried for ever. */
const mostReruns = 3;
/** When that was known for so long, whoever writes that its job is over knows it, too. */
const knownMs = 80_000;
/** Who asks to run it again may have died, and does so again. */
const askingMs = 15 * 60_000;

interface Seen {
  readonly picture: Picture;
  readonly market: MarketPlan;
  /** Jobs that somebody wants to stop, heard or not. */
  readonly unwanted: ReadonlySet<JobKey>;
}

interface Absence {
  readonly from: Instant;
  until: Instant;
}

export class Interruptions {
  /** Machines that the cloud gave notice of, and when. */
  readonly noticed = new Map<string, Instant>();
  /** Jobs that we promised to stop. */
  readonly cancelled = new Set<JobKey>();
  /** Those of a forge that ended so, and when. */
  readonly ended = new Map<JobKey, Ended>();
  readonly #kernel: Kernel;
  readonly #seen: Seen;
  readonly #wished = new Map<JobKey, number>();
  readonly #made = new Map<JobKey, number>();
  readonly #asked = new Set<JobKey>();
  /** How often the jobs that each came of were run again. */
  readonly #losses = new Map<JobKey, number>();
  /** They were taken from a machine once. */
  readonly #insisting = new Set<JobKey>();
  readonly #absences = new Map<string, Absence[]>();
  #profiles: readonly string[] = ["small", "large"];

  constructor(kernel: Kernel, seen: Seen) {
    this.#kernel = kernel;
    this.#seen = seen;
  }

  configured(names: readonly string[]): void {
    const now = this.#kernel.now();
    for (const name of this.#profiles) {
      const absences = this.#absences.get(name) ?? [];
      const last = absences.at(-1);
      if (last?.until === Infinity && names.includes(name)) last.until = now;
      if (!names.includes(name) && last?.until !== Infinity) absences.push({ from: now, until: Infinity });
      this.#absences.set(name, absences);
    }
  }

  wantsAgain(key: JobKey): void {
    this.#wished.set(key, (this.#wished.get(key) ?? 0) + 1);
  }

  wrote(job: Job): Breach | undefined {
    const { key, state, reason, work, runner } = job;
    if (isFreshlyTaken(this.#seen.picture.jobs.get(key), job)) this.#insisting.add(key);
    if (state !== "failed" && state !== "cancelled") return undefined;
    if (reason !== "interrupted") return this.#endedUntold(job);
    if (!this.noticed.has(runner ?? ""))
      return broken(`job ${key} was taken from ${runner ?? "no machine"}, which nobody wanted back`, [
        key,
        runner ?? "",
      ]);
    if (work === null) this.ended.set(key, { at: this.#kernel.now(), profile: job.profile });
    else if (
      this.#seen.market.onInterruption === "rerun" &&
      job.cancelRequestedAt === null &&
      timesTaken(job) < mostReruns
    ) {
      if (!this.#isAbsent(job.profile, this.#kernel.now()))
        return broken(`job ${key} was taken from its machine, and is not tried again`, [key]);
    }
    return undefined;
  }

  /** It is known for long that its machine was to go, and yet the job is said to have ended by itself. */
  #endedUntold({ key, reason, work, runner, bound, finishedAt }: Job): Breach | undefined {
    const since = this.#seen.picture.runners.get(runner ?? "")?.interruptedAt;
    const isLoss = reason === "command-failed" || reason === "agent-lost" || reason === "cancelled-by-source";
    // Word of its end may be late.
    const knownFor = (finishedAt ?? this.#kernel.now()) - (since ?? Infinity);
    if (!bound || work !== null || !isLoss || knownFor < knownMs) return undefined;
    return broken(`job ${key} ended as ${reason}, and its machine was taken back`, [key, runner ?? ""]);
  }

  /** Launches as they are first written. */
  asked(fresh: readonly Launch[]): Breach | undefined {
    for (const { id, market, slots } of fresh)
      for (const { job } of slots)
        if (market !== "on-demand" && job !== null && this.#insisting.has(job))
          return broken(`launch ${id} may be spot, and ${job} was taken from such a machine`, [id, job]);
    return undefined;
  }

  ranAgain(job: ForgeJob, { made, wished }: Rerun): Breach | undefined {
    const key = jobKey(job.id);
    this.#asked.add(key);
    if (made === undefined) return undefined;
    const times = (this.#made.get(key) ?? 0) + 1;
    this.#made.set(key, times);
    const wishes = this.#wished.get(key) ?? 0;
    if (times > 1 + wishes) return broken(`job ${key} was run again ${times} times`, [key]);
    if (wished || !this.ended.has(key))
      return wishes > 0 ? undefined : broken(`${key} was run again for nothing`, [key]);
    this.#insisting.add(jobKey(made.id));
    this.#losses.set(jobKey(made.id), (this.#losses.get(key) ?? 0) + 1);
    if (wishes > 0) return undefined;
    if (job.conclusion === "success") return broken(`job ${key} had succeeded, and was run again`, [key]);
    if ((job.endedAt ?? 0) < (this.noticed.get(runnerOf(job)) ?? 0))
      return broken(`job ${key} had ended before its machine was wanted back, and was run again`, [key]);
    return this.cancelled.has(key) ? broken(`job ${key} was cancelled, and run again`, [key]) : undefined;
  }

  atTheEnd(): readonly Breach[] {
    if (this.#seen.market.onInterruption !== "rerun") return [];
    return [...this.ended]
      .filter(
        ([key, { at, profile }]) =>
          !this.#asked.has(key) &&
          (this.#losses.get(key) ?? 0) < mostReruns &&
          !this.#seen.unwanted.has(key) &&
          !this.#isAbsent(profile, at),
      )
      .map(([key]) => broken(`job ${key} was taken from its machine, and nobody had it run again`, [key]));
  }

  /** The profile that would say so was taken out, then or soon after. */
  #isAbsent(profile: string | null, at: Instant): boolean {
    const absences = this.#absences.get(profile ?? "") ?? [];
    return profile === null || absences.some(({ from, until }) => from < at + askingMs && at - askingMs < until);
  }
}

interface Ended {
  readonly at: Instant;
  readonly profile: string | null;
}

/** It had a machine, waits for the next one, and says why. */
function isFreshlyTaken(before: Job | undefined, { bound, timeline }: Job): boolean {
  const last = timeline.at(-1);
  return before?.bound === true && !bound && last?.stage === "relaunched" && last.reason === "interrupted";
}

/** Attempts that ended so and were followed by another one. */
function timesTaken({ timeline, attempt: now }: Job): number {
  return timeline.filter(
    ({ stage, reason, attempt }) => stage === "finished" && reason === "interrupted" && attempt < now,
  ).length;
}

function runnerOf({ runner }: ForgeJob): string {
  return (runner ?? "").slice(runnerName("").length);
}

function broken(what: string, names: readonly string[]): Breach {
  return { promise: "I11", what, names };
}
