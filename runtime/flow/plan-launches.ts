/**
 * Provision: give a profile the machines it lacks.
 *
 * One planner per profile at a time. What it decides is reserved in the planner record (lease, launches with named
 * runners) in one write on the version it read; only then is a compute called. Who finds the lease taken marks the
 * record dirty and leaves; the holder plans again until it can release a clean record. After a crash the stored launch
 * is replayed: its runners are named already, so no slot ever gets two machines.
 */
import { planProfile, liveRunners, type Wanted } from "../core/planning";
import type { FleetRecord, Instant, Launch, PlannerRecord, ProfileView } from "../core/model";
import type { Ports } from "../core/ports";
import { performLaunch } from "./perform-launch";
import { profileOf, updateFleet, updatePlanner } from "./moves";

/** How long a launch may be without an answer before it is made again. */
const launchAnswerMs = 30_000;
const roundsPerCall = 10;
const idLength = 16;

export async function planLaunches(profile: string, ports: Ports): Promise<void> {
  const holder = ports.random.id(idLength);
  for (let round = 0; round < roundsPerCall; round += 1) {
    if ((await planOnce(profile, holder, ports)) === "done") return;
  }
  await ports.queue.send([{ kind: "plan", profile }]);
}

async function planOnce(profile: string, holder: string, ports: Ports): Promise<"done" | "again"> {
  const now = ports.clock.now();
  const view = await ports.ledger.readProfile(profile);
  await retireFinished(view, ports);
  const { planner } = view;
  if (planner.lease !== null && planner.lease.until > now && planner.lease.holder !== holder) {
    return (await markDirty(planner, ports)) ? "done" : "again";
  }
  const overdue = planner.launches.filter((launch) => launch.deadlineAt <= now);
  const fleet = await ports.ledger.readFleet();
  const fleetRoom = roomFor(profile, fleet, ports);
  const settings = profileOf(ports, profile) ?? undefined;
  const decision = planProfile({ view, profile: settings, fleetRoom, draining: fleet.draining, now });
  const launches = decision.wanted.map((wanted) => nameLaunch(wanted, { profile, now }, ports));
  if (!(await takeShare(profile, { view, launches, hungry: decision.hungry }, ports))) return "again";
  const work = launches.length + overdue.length > 0;
  if (!work && !planner.dirty && planner.lease === null && same(planner.blocked, decision.blocked)) return "done";
  const reserved = await ports.ledger.savePlanner({
    ...planner,
    lease: work ? { holder, until: now + ports.settings().lease.durationMs } : null,
    dirty: false,
    launches: [...planner.launches.map((launch) => renew(launch, overdue, now)), ...launches],
    blocked: decision.blocked,
    version: planner.version + 1,
  });
  if (!reserved.written) return "again";
  if (!work) return "done";
  const due = [...overdue, ...launches];
  const results = await Promise.all(due.map((launch) => performLaunch(launch, { before: planner, view }, ports)));
  return close(reserved.record, { holder, results: results.filter((result) => result !== undefined) }, ports);
}

async function close(
  record: PlannerRecord,
  outcome: {
    readonly holder: string;
    readonly results: readonly { readonly launch: string; readonly blocked: PlannerRecord["blocked"] }[];
  },
  ports: Ports,
): Promise<"done" | "again"> {
  const settled = new Set(outcome.results.map((result) => result.launch));
  let again = false;
  await updatePlanner(
    record,
    (current) => {
      const mine = current.lease?.holder === outcome.holder;
      again = mine && current.dirty;
      return {
        launches: current.launches.filter((launch) => !settled.has(launch.id)),
        blocked: Object.assign({}, current.blocked, ...outcome.results.map((result) => result.blocked)),
        ...(mine ? { lease: null, dirty: false } : {}),
      };
    },
    ports,
  );
  return again ? "again" : "done";
}

async function markDirty(planner: PlannerRecord, ports: Ports): Promise<boolean> {
  if (planner.dirty) return true;
  return (await ports.ledger.savePlanner({ ...planner, dirty: true, version: planner.version + 1 })).written;
}

/** Runners whose job is over, should the word to retire them have been lost. */
async function retireFinished(view: ProfileView, ports: Ports): Promise<void> {
  const open = new Map(view.jobs.map((job) => [job.key, job]));
  const left = view.runners.filter((runner) => {
    const job = runner.job === null ? undefined : open.get(runner.job);
    return runner.job !== null && (job === undefined || (job.bound && job.runner !== runner.id));
  });
  if (left.length === 0) return;
  const { profile } = view.planner;
  await ports.queue.send(left.map(({ id }) => ({ kind: "retire", profile, runner: id, reason: null })));
}

function nameLaunch(wanted: Wanted, at: { readonly profile: string; readonly now: Instant }, ports: Ports): Launch {
  const id = ports.random.id(idLength);
  return {
    id,
    profile: at.profile,
    reach: wanted.reach,
    token: id,
    state: "requested",
    slots: wanted.jobs.map((job) => ({ runner: ports.random.id(idLength), job })),
    claimedAt: at.now,
    deadlineAt: at.now + launchAnswerMs,
    replays: 0,
  };
}

function renew(launch: Launch, overdue: readonly Launch[], now: Instant): Launch {
  if (!overdue.includes(launch)) return launch;
  return { ...launch, state: "replaying", replays: launch.replays + 1, deadlineAt: now + launchAnswerMs };
}

function roomFor(profile: string, fleet: FleetRecord, ports: Ports): number {
  if (fleet.draining) return 0;
  const others = Object.entries(fleet.shares).filter(([name]) => name !== profile);
  return ports.settings().server.maxRunners - others.reduce((sum, [, share]) => sum + share.runners, 0);
}

/**
 * Writes how many runners this profile may hold from now on, before it makes them. The write is conditioned on the
 * shares of all others, so the fleet's limit is exact; it names the planner version it rests on, so that a slower
 * planner never lowers what a faster one took. Room given back is offered to the profiles that went hungry.
 */
async function takeShare(
  profile: string,
  plan: { readonly view: ProfileView; readonly launches: readonly Launch[]; readonly hungry: boolean },
  ports: Ports,
): Promise<boolean> {
  const growing = plan.launches.length > 0;
  const runners = plan.launches.reduce((sum, launch) => sum + launch.slots.length, liveRunners(plan.view).size);
  const planner = plan.view.planner.version + (growing ? 1 : 0);
  let fits = true;
  let freed: readonly string[] = [];
  await updateFleet((current) => {
    const before = current.shares[profile] ?? { runners: 0, planner: 0 };
    const others = current.hungry.filter((name) => name !== profile);
    fits = before.planner <= planner && (!growing || runners <= roomFor(profile, current, ports));
    if (!fits) return undefined;
    const share = {
      runners: before.planner === planner && growing ? Math.max(before.runners, runners) : runners,
      planner,
    };
    freed = share.runners < before.runners ? others : [];
    const unchanged = share.runners === before.runners && current.hungry.includes(profile) === plan.hungry;
    if (unchanged) return undefined;
    const hungry = freed.length > 0 ? [] : others;
    return { shares: { ...current.shares, [profile]: share }, hungry: plan.hungry ? [...hungry, profile] : hungry };
  }, ports);
  if (freed.length > 0) await ports.queue.send(freed.map((name) => ({ kind: "plan", profile: name })));
  return fits;
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
