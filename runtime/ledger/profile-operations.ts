import type { FleetRecord, Job, PlannerRecord, ProfileView, Runner } from "../core/model";
import type { Ledger } from "../core/ports";
import { emptyFleet, emptyPlanner } from "./empty-records";
import { fleetItem, plannerItem, runnerItem, type Item } from "./items";
import { keys, profilePartition } from "./keys";
import { writtenOf, type LedgerContext } from "./ledger-context";

type ProfileOperations = Pick<
  Ledger,
  | ("createRunner" | "saveRunner" | "readRunner")
  | ("readProfile" | "readPlanner" | "savePlanner" | "listProfiles" | "readUnrouted" | "readFleet" | "saveFleet")
>;

export function profileOperations(context: LedgerContext): ProfileOperations {
  const { store, clock, retentionMs, hasTtl } = context;
  const item = (runner: Runner) => runnerItem(runner, { retentionMs: retentionMs(), now: clock.now(), hasTtl });
  return {
    createRunner: async (runner) => writtenOf(runner, await store.put(item(runner), "absent")),
    saveRunner: async (runner) => writtenOf(runner, await store.put(item(runner), runner.version - 1)),
    readRunner: async (profile, id) => (await store.get(keys.runner(profile, id)))?.record as Runner | undefined,
    readProfile: async (profile) => viewOf(profile, await readLive(context, profile)),
    readUnrouted: async () => viewOf("", await readLive(context, null)).jobs,
    readPlanner: async (profile) =>
      ((await store.get(keys.planner(profile)))?.record as PlannerRecord | undefined) ?? emptyPlanner(profile),
    savePlanner: async (planner) => {
      // The name first: a name without a planner is harmless, a planner nobody lists would be forgotten.
      if (planner.version === 1) await store.put({ ...keys.profile(planner.profile) }, "any");
      return writtenOf(planner, await store.put(plannerItem(planner), firstOr(planner.version)));
    },
    listProfiles: async () => {
      const names: string[] = [];
      const query = { consistent: true, where: "#pk = :pk", values: { ":pk": keys.profile("").pk } };
      for await (const page of store.pages(query)) names.push(...page.map((entry) => entry.sk));
      return names;
    },
    readFleet: async () => ((await store.get(keys.fleet))?.record as FleetRecord | undefined) ?? emptyFleet,
    saveFleet: async (fleet) => writtenOf(fleet, await store.put(fleetItem(fleet), firstOr(fleet.version))),
  };
}

/** Planner and fleet read as empty, version 0, before their first write. */
function firstOr(version: number): "absent" | number {
  return version === 1 ? "absent" : version - 1;
}

async function readLive({ store }: LedgerContext, profile: string | null): Promise<readonly Item[]> {
  const items: Item[] = [];
  const values = { ":pk": profilePartition(profile) };
  const query = { index: "live", consistent: true, where: "#pk = :pk", values } as const;
  for await (const page of store.pages(query)) items.push(...page);
  return items;
}

function viewOf(profile: string, items: readonly Item[]): ProfileView {
  const jobs: Job[] = [];
  const runners: Runner[] = [];
  let planner = emptyPlanner(profile);
  for (const { sk, record } of items) {
    if (sk.startsWith("JOB#")) jobs.push(record as Job);
    else if (sk.startsWith("RUNNER#")) runners.push(record as Runner);
    else planner = record as PlannerRecord;
  }
  return { planner, jobs, runners };
}
