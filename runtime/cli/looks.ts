/** What changed between two looks at the lists, for servers that do not tell of it by themselves. */
import type { JobView, ListView, RunnerView } from "./api-types";
import type { ApiClient } from "./client";

export interface Change {
  readonly event: "job" | "runner";
  readonly change: JobView | RunnerView;
}

/** As many as one answer holds: what changes is among the newest. */
const jobsLookedAt = 500;

export class Looks {
  private readonly api: Pick<ApiClient, "get">;
  private before: ReadonlyMap<string, Change> | null = null;

  constructor(api: Pick<ApiClient, "get">) {
    this.api = api;
  }

  /** Nothing at the first look. Oldest first. */
  async changes(): Promise<readonly Change[]> {
    const [jobs, runners] = await Promise.all([
      this.api.get<ListView<JobView>>("/api/v1/jobs", { limit: jobsLookedAt }),
      this.api.get<ListView<RunnerView>>("/api/v1/runners"),
    ]);
    const now = new Map<string, Change>([
      ...[...jobs.items].reverse().map((job): [string, Change] => [job.key, { event: "job", change: job }]),
      ...runners.items.map((runner): [string, Change] => [runner.id, { event: "runner", change: runner }]),
    ]);
    const { before } = this;
    this.before = now;
    if (before === null) return [];
    const changed = [...now].flatMap(([id, seen]) => (isSame(seen, before.get(id)) ? [] : [seen]));
    return [...changed, ...[...before].flatMap(([id, seen]) => (now.has(id) ? [] : gone(seen)))];
  }
}

/** Only runners leave their list by going; a job that is not there any more was followed by newer ones. */
function gone({ event, change }: Change): readonly Change[] {
  return event === "runner" ? [{ event, change: { ...change, state: "gone" } as RunnerView }] : [];
}

function isSame(seen: Change, before: Change | undefined): boolean {
  return before !== undefined && JSON.stringify(seen.change) === JSON.stringify(before.change);
}
