/**
 * Provision: give a profile the machines it lacks.
 *
 * One planner per profile at a time. What it decides is reserved in the planner record (lease, launches with named
 * runners) in one write on the version it read; only then is a compute called. Who finds the lease taken marks the
 * record dirty and leaves; the holder plans again until it can release a clean record. After a crash the stored launch
 * is replayed: its runners are named already, so no slot ever gets two machines.
 */
import { OnejobError } from "../core/errors";
import { decideShare, roomOf, type ShareDecision } from "../core/fleet-share";
import { launchStep } from "../core/lifecycle";
import {
  reachKey,
  type FleetRecord,
  type Instant,
  type Launch,
  type PlannerRecord,
  type ProfileView,
} from "../core/model";
import { backOff, liveRunners, planProfile, waitForTurn, type Wanted } from "../core/planning";
import type { Ports } from "../core/ports";
import { profileOf, updatePlanner } from "./moves";
import { launchDeadline, noAnswer, performLaunch, type LaunchResult } from "./perform-launch";
import { repairLevel } from "./repair-level";
import { tellWaiting } from "./tell-waiting";

const roundsPerCall = 10;
/** A function that plans is cut off before, and no compute of one machine takes so long: who holds the lease has died. */
const longestPlanMs = 75_000;
const idLength = 16;

export interface Occasion {
  /** As part of a sweep: everything is looked at, not only what changed. @default false */
  readonly isRound?: boolean;
}

/** Throws `conflict` when others were faster time and again; the message that asked for it comes again later. */
export async function planLaunches(profile: string, ports: Ports, { isRound = false }: Occasion = {}): Promise<void> {
  const holder = ports.random.id(idLength);
  for (let round = 0; round < roundsPerCall; round += 1) {
    if ((await planOnce(profile, { holder, isRound }, ports)) === "done") return;
  }
  throw new OnejobError("conflict", `planning of profile ${profile}`);
}

async function planOnce(
  profile: string,
  { holder, isRound }: { readonly holder: string } & Required<Occasion>,
  ports: Ports,
): Promise<"done" | "again"> {
  const now = ports.clock.now();
  const [view, fleet] = await Promise.all([ports.ledger.readProfile(profile), ports.ledger.readFleet()]);
  const { planner } = view;
  const settings = profileOf(ports, profile) ?? undefined;
  const fleetRoom = roomOf(profile, fleet, ports.settings().server.maxRunners);
  const hasSource = (name: string) => ports.source(name) !== undefined;
  const decision = planProfile({ view, profile: settings, fleetRoom, draining: fleet.draining, hasSource, now });
  const tight = decision.capped || fleet.hungry.some((name) => name !== profile);
  if (await repairLevel(view, { draining: fleet.draining, tight, isRound, now }, ports)) return "again";
  if (planner.lease !== null && planner.lease.until > now && planner.lease.holder !== holder) {
    return (await markDirty(planner, ports)) ? "done" : "again";
  }
  const launches = decision.wanted.map((wanted) => nameLaunch(wanted, { profile, now }, ports));
  const share = await takeShare({ view, fleet }, { launches, hungry: decision.hungry }, ports);
  if (share.kind === "outdated") return catchUp(share.since, planner, ports);
  if (share.kind === "full") return "again";
  const yielded = share.kind === "yielded" ? waitForTurn(decision.wanted, planner, now) : {};
  const blocked = { ...unanswered(planner, now), ...decision.blocked, ...yielded };
  const plan = { holder, now, launches: share.kind === "granted" ? launches : [], blocked };
  const reserved = await reserve(planner, plan, ports);
  if (reserved === undefined) return "again";
  tellWaiting(view, blocked, ports.log);
  if (reserved.due.length === 0) return "done";
  const results = await Promise.all(reserved.due.map((launch) => performLaunch(launch, view, ports)));
  const answered = results.filter((result) => result !== undefined);
  return close(reserved.record, { holder, view, results: answered }, ports);
}

/** Launches that had to be made again: the compute is silent, or whoever asked it died. Their jobs say so. */
function unanswered({ launches, blocked }: PlannerRecord, now: Instant): PlannerRecord["blocked"] {
  const late = launches.filter(({ replays, deadlineAt }) => replays > 0 || deadlineAt <= now);
  return Object.fromEntries(
    late.map(({ reach }) => {
      const key = reachKey(reach);
      const since = blocked[key]?.reason === noAnswer.reason ? blocked[key].since : now;
      return [key, { ...noAnswer, since, until: null, tries: blocked[key]?.tries ?? 0 }];
    }),
  );
}

interface Reservation {
  readonly holder: string;
  readonly now: Instant;
  readonly launches: readonly Launch[];
  readonly blocked: PlannerRecord["blocked"];
}

/** One write: the lease, the new launches, the overdue ones renewed, the reasons. `undefined`: somebody was faster. */
async function reserve(planner: PlannerRecord, wanted: Reservation, ports: Ports) {
  const { holder, now, launches, blocked } = wanted;
  const overdue = planner.launches.filter((launch) => launch.deadlineAt <= now);
  const due = [...overdue.map((launch) => renew(launch, now)), ...launches];
  const settled = due.length === 0 && !planner.dirty && planner.lease === null;
  if (settled && same(planner.blocked, blocked)) return { record: planner, due };
  const lease = due.length > 0 ? { holder, until: now + leaseMs(ports) } : null;
  const kept = planner.launches.filter((launch) => !overdue.includes(launch));
  const saved = await ports.ledger.savePlanner({
    ...planner,
    ...{ lease, blocked, dirty: false, launches: [...kept, ...due] },
    version: planner.version + 1,
  });
  return saved.written ? { record: saved.record, due } : undefined;
}

function leaseMs(ports: Ports): number {
  return Math.min(ports.settings().lease.durationMs, longestPlanMs);
}

/**
 * A share that is ahead of its record: its planner is about to write, or died. Only after a lease's time the record is
 * raised to it, which also stops that planner should it still live.
 */
async function catchUp(since: Instant, planner: PlannerRecord, ports: Ports): Promise<"again"> {
  if (ports.clock.now() - since < leaseMs(ports)) {
    throw new OnejobError("conflict", `profile ${planner.profile} is being planned at this moment`);
  }
  await ports.ledger.savePlanner({ ...planner, version: planner.version + 1 });
  return "again";
}

async function close(
  record: PlannerRecord,
  outcome: {
    readonly holder: string;
    readonly view: ProfileView;
    readonly results: readonly LaunchResult[];
  },
  ports: Ports,
): Promise<"done" | "again"> {
  const { view } = outcome;
  const failed = failuresOf(outcome.results, view.planner.blocked, ports);
  tellWaiting(view, failed, ports.log);
  const open = new Map(outcome.results.map((result) => [result.launch, result.open]));
  let again = false;
  await updatePlanner(
    record,
    (current) => {
      const mine = current.lease?.holder === outcome.holder;
      again = mine && current.dirty;
      return {
        launches: current.launches
          .map((launch) => ({ ...launch, slots: open.get(launch.id) ?? launch.slots }))
          .filter(({ slots }) => slots.length > 0),
        blocked: withFailures(current.blocked, failed, ports.clock.now()),
        ...(mine ? { lease: null, dirty: false } : {}),
      };
    },
    ports,
  );
  return again ? "again" : "done";
}

type Blocks = PlannerRecord["blocked"];

/** What failed counts from what stood before this plan: the plan's own words are about whom it left out. */
function failuresOf(results: readonly LaunchResult[], before: Blocks, ports: Ports): Blocks {
  const at = { now: ports.clock.now(), jitter: ports.random.fraction() };
  return results.reduce<Blocks>((failed, { reach, failure }) => {
    const key = reachKey(reach);
    return failure === null ? failed : { ...failed, [key]: backOff(failed[key] ?? before[key], failure, at) };
  }, {});
}

/** What the source keeps from a reach stands: nothing else would be served either. */
function withFailures(blocked: Blocks, failed: Blocks, now: Instant): Blocks {
  const isKept = (key: string) => blocked[key]?.atSource === true && (blocked[key].until ?? 0) > now;
  return { ...blocked, ...Object.fromEntries(Object.entries(failed).filter(([key]) => !isKept(key))) };
}

async function markDirty(planner: PlannerRecord, ports: Ports): Promise<boolean> {
  if (planner.dirty) return true;
  return (await ports.ledger.savePlanner({ ...planner, dirty: true, version: planner.version + 1 })).written;
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
    ...(wanted.market ? { market: wanted.market } : {}),
    claimedAt: at.now,
    deadlineAt: launchDeadline(0, at.now),
    replays: 0,
  };
}

function renew(launch: Launch, now: Instant): Launch {
  const state = launchStep(launch.state, "expired")?.to ?? launch.state;
  const replays = launch.replays + 1;
  return { ...launch, state, replays, deadlineAt: launchDeadline(replays, now) };
}

/** Writes the profile's share before its runners are made. Those who may find room by it are told. */
async function takeShare(
  seen: { readonly view: ProfileView; readonly fleet: FleetRecord },
  plan: { readonly launches: readonly Launch[]; readonly hungry: boolean },
  ports: Ports,
): Promise<ShareDecision> {
  const request = {
    profile: seen.view.planner.profile,
    live: liveRunners(seen.view).size,
    growth: plan.launches.reduce((sum, launch) => sum + launch.slots.length, 0),
    hungry: plan.hungry,
    planner: seen.view.planner.version,
    maxRunners: ports.settings().server.maxRunners,
    now: ports.clock.now(),
  };
  for (let fleet = seen.fleet; ; fleet = await ports.ledger.readFleet()) {
    const decision = decideShare(fleet, request);
    if (!("next" in decision) || decision.next === undefined) return decision;
    const saved = await ports.ledger.saveFleet({ ...fleet, ...decision.next, version: fleet.version + 1 });
    if (!saved.written) continue;
    await ports.queue.send(decision.told.map((profile) => ({ kind: "plan", profile })));
    return decision;
  }
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
