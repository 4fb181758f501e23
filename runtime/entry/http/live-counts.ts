/** What there is at the moment, counted from the ledger: for /metrics and the status page. */
import { isFinal } from "../../core/lifecycle";
import { jobStates, runnerStates, type Job, type PlannerRecord, type ProfileView } from "../../core/model";
import type { Ledger } from "../../core/ports";
import { jobJson, runnersJson } from "../../core/present";

export interface LiveCounts {
  /** Jobs that have not ended. `reason` is "" where nothing holds them. */
  readonly jobs: readonly { readonly state: string; readonly reason: string; readonly count: number }[];
  /** Runners that are not gone. */
  readonly runners: readonly { readonly profile: string; readonly state: string; readonly count: number }[];
}

export interface NamedView {
  readonly profile: string;
  readonly view: ProfileView;
}

type LiveLedger = Pick<Ledger, "listProfiles" | "readProfile" | "readUnrouted">;

/**
 * Every profile that is configured or ever had a record, with what lives there. Configured ones are named by the caller:
 * before its first plan the ledger does not list a profile, though jobs may wait in it already.
 */
export async function readViews(
  ledger: Pick<Ledger, "listProfiles" | "readProfile">,
  configured: readonly string[],
): Promise<readonly NamedView[]> {
  const profiles = [...new Set([...configured, ...(await ledger.listProfiles())])];
  return Promise.all(profiles.map(async (profile) => ({ profile, view: await ledger.readProfile(profile) })));
}

/** States that exist are counted even where there are none, so that a graph shows a zero and not a gap. */
export async function liveCounts(ledger: LiveLedger, configured: readonly string[] = []): Promise<LiveCounts> {
  const views = await readViews(ledger, configured);
  const jobs = new Tally();
  for (const state of jobStates) if (!isFinal(state)) jobs.add([state, ""], 0);
  const count = (job: Job, planner?: PlannerRecord): void => {
    jobs.add([job.state, jobJson(job, planner).reason ?? ""], 1);
  };
  const runners = new Tally();
  for (const { profile, view } of views) {
    for (const state of runnerStates) if (state !== "gone") runners.add([profile, state], 0);
    for (const runner of runnersJson(view, "")) runners.add([profile, runner.state], 1);
    for (const job of view.jobs) count(job, view.planner);
  }
  for (const job of await ledger.readUnrouted()) count(job);
  return {
    jobs: jobs.rows().map(([state = "", reason = "", total]) => ({ state, reason, count: total })),
    runners: runners.rows().map(([profile = "", state = "", total]) => ({ profile, state, count: total })),
  };
}

class Tally {
  private readonly counts = new Map<string, { readonly names: readonly [string, string]; total: number }>();

  add(names: readonly [string, string], by: number): void {
    const key = names.join("\u0000");
    const entry = this.counts.get(key) ?? { names, total: 0 };
    entry.total += by;
    this.counts.set(key, entry);
  }

  rows(): readonly (readonly [string, string, number])[] {
    return [...this.counts.values()].map(({ names, total }) => [...names, total] as const);
  }
}
