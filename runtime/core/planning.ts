/**
 * How many machines a profile needs now, for which reach, and what holds the others back.
 * Level, not edge: `supply ≥ min(demand, limits)` from what is written, whatever event led here.
 */
import { breakerGate } from "./breaker";
import { isReserved } from "./holding";
import { isAtWork, isDemand, isStopping, isSupply } from "./lifecycle";
import {
  byWaiting,
  reachKey,
  type Blocked,
  type Instant,
  type Job,
  type JobKey,
  type Launch,
  type Market,
  type PlannerRecord,
  type ProfileView,
  type Reach,
} from "./model";
import type { ReasonCode } from "./reasons";
import type { ProfileSettings } from "./settings";

export interface PlanInput {
  readonly view: ProfileView;
  /** `undefined`: the profile is no longer configured; nothing is launched for it. */
  readonly profile: ProfileSettings | undefined;
  /** How many runners this profile may hold in all, as far as the fleet's limit goes. */
  readonly fleetRoom: number;
  /** The fleet takes no new runners at all at the moment. */
  readonly draining: boolean;
  /** Whether a source is configured; without it nobody would give its runners a job. */
  readonly hasSource: (name: string) => boolean;
  readonly now: Instant;
}

export interface Wanted {
  readonly reach: Reach;
  /** One machine each. */
  readonly jobs: readonly JobKey[];
  readonly market?: Market;
}

export interface PlanDecision {
  readonly wanted: readonly Wanted[];
  readonly blocked: Readonly<Record<string, Blocked>>;
  /** Whether the fleet's limit, not the profile's, held something back. */
  readonly hungry: boolean;
  /** Whether any limit held something back. */
  readonly capped: boolean;
}

/** How long after its pause a failure still counts as the one before. */
const rememberedMs = 10 * 60_000;

/** Every machine under way: asked for, and perhaps made. */
export function launchSlots(planner: PlannerRecord): readonly { readonly runner: string; readonly launch: Launch }[] {
  return planner.launches.flatMap((launch) => launch.slots.map(({ runner }) => ({ runner, launch })));
}

/** Runners that exist or may exist: written ones, and slots of open launches that are not written yet. */
export function liveRunners(view: ProfileView): ReadonlySet<string> {
  const slots = launchSlots(view.planner);
  return new Set([...view.runners.map((runner) => runner.id), ...slots.map((slot) => slot.runner)]);
}

export function planProfile(input: PlanInput): PlanDecision {
  const { view, profile, now } = input;
  const live = liveRunners(view).size;
  const shortages = findShortages(view);
  const profileRoom = Math.max(0, (profile?.limits.maxRunners ?? 0) - live);
  const fleetRoom = Math.max(0, input.fleetRoom - live);
  const gates = new Map(shortages.map((shortage) => [shortage.key, gateOf(shortage, input)]));
  const candidates = shortages
    .flatMap((shortage) =>
      shortage.jobs.slice(0, gates.get(shortage.key)?.allowed ?? 0).map((job) => ({ job, shortage })),
    )
    .sort((a, b) => byWaiting(a.job, b.job));
  const chosen = candidates.slice(0, Math.min(profileRoom, fleetRoom));
  const capped: ReasonCode = fleetRoom < profileRoom ? "at-fleet-cap" : "at-profile-cap";
  // A failure is remembered beyond its pause: the next one in a row has to find how many there were.
  const standing = Object.entries(view.planner.blocked).filter(([, { until }]) => now < (until ?? 0) + rememberedMs);
  const blocked: Record<string, Blocked> = Object.fromEntries(standing);
  for (const shortage of shortages) {
    const gate = gates.get(shortage.key);
    const made = chosen.filter((candidate) => candidate.shortage === shortage).length;
    // A probe that finds no room waits for room: the pause until the next one begins when it was made.
    const gated = made < (gate?.allowed ?? 0) ? undefined : gate?.blocked;
    const unmet = shortage.jobs.length > made;
    const why = gated ?? (unmet ? block(capped, null, input.draining ? "it is draining" : null) : undefined);
    if (why !== undefined) blocked[shortage.key] = since(view.planner, shortage.key, { ...why, since: now });
  }
  const held = candidates.length > chosen.length;
  return { wanted: groupForLaunches(chosen), blocked, hungry: held && capped === "at-fleet-cap", capped: held };
}

/** Other profiles have waited for the fleet's room longer. */
export function waitForTurn(
  wanted: readonly Wanted[],
  planner: PlannerRecord,
  now: Instant,
): Readonly<Record<string, Blocked>> {
  const why = block("at-fleet-cap", null);
  return Object.fromEntries(
    wanted.map(({ reach }) => [reachKey(reach), since(planner, reachKey(reach), { ...why, since: now })]),
  );
}

/** Whether it wants a runner of this reach; `key`: as `reachKey` gives it. */
export function waitsIn(job: Job, key: string): boolean {
  return isDemand(job) && job.reach !== null && reachKey(job.reach) === key;
}

interface Shortage {
  readonly key: string;
  readonly reach: Reach;
  /** Jobs that no supply stands for, oldest first. */
  readonly jobs: readonly Job[];
  readonly supply: number;
}

/** Reaches whose demand exceeds their supply, with the jobs that go without. */
function findShortages(view: ProfileView): readonly Shortage[] {
  const supply = new Map<string, Set<string>>();
  const add = (key: string, runner: string) => supply.set(key, (supply.get(key) ?? new Set()).add(runner));
  const written = new Set(view.runners.map((runner) => runner.id));
  for (const runner of view.runners) {
    // One that runs a job nobody has named yet stands for one of those that seem to wait, until its source was asked.
    const runsUnknown = isAtWork(runner) && runner.job === null && runner.namelessAt === undefined;
    if (isSupply(runner) || runsUnknown) add(reachKey(runner.reach), runner.id);
  }
  for (const { runner, launch } of launchSlots(view.planner))
    if (!written.has(runner)) add(reachKey(launch.reach), runner);

  const demand = new Map<string, { reach: Reach; jobs: Job[] }>();
  const reserved = reservedJobs(view);
  for (const job of view.jobs) {
    if (job.reach === null || !isDemand(job) || reserved.has(job.key)) continue;
    const key = reachKey(job.reach);
    const entry = demand.get(key) ?? { reach: job.reach, jobs: [] };
    entry.jobs.push(job);
    demand.set(key, entry);
  }
  return [...demand].flatMap(([key, { reach, jobs }]) => {
    const have = supply.get(key) ?? new Set<string>();
    const need = jobs.length - have.size;
    if (need <= 0) return [];
    return [{ key, reach, jobs: withoutMachine(jobs, have).slice(0, need), supply: have.size }];
  });
}

/** Jobs that a runner is set aside for; one that is being stopped will not take its job any more. */
function reservedJobs({ jobs, runners }: ProfileView): ReadonlySet<JobKey> {
  const open = new Map(jobs.map((job) => [job.key, job]));
  const held = runners
    .filter((runner) => !isStopping(runner))
    .flatMap((runner) => {
      const job = runner.job === null ? undefined : open.get(runner.job);
      return job !== undefined && isReserved(runner, job) ? [job.key] : [];
    });
  return new Set(held);
}

/** Oldest first. A machine stands for one job only, also where a race made two jobs expect it. */
function withoutMachine(jobs: readonly Job[], supply: ReadonlySet<string>): readonly Job[] {
  const free = new Set(supply);
  return [...jobs].sort(byWaiting).filter(({ runner }) => runner === null || !free.delete(runner));
}

interface Gate {
  readonly allowed: number;
  readonly blocked?: Omit<Blocked, "since">;
}

/** What a backoff or an open breaker leaves of a shortage. */
function gateOf(shortage: Shortage, { view, profile, hasSource, now }: PlanInput): Gate {
  if (profile === undefined) return { allowed: 0, blocked: block("no-matching-profile", null) };
  const { source } = shortage.reach;
  if (!hasSource(source)) {
    const detail = `the source "${source}" is not configured any more; configure it again, or cancel the job there`;
    return { allowed: 0, blocked: block("source-unreachable", null, detail) };
  }
  const standing = view.planner.blocked[shortage.key];
  if (standing?.until != null && standing.until > now) return { allowed: 0, blocked: standing };
  const gate = breakerGate(view.planner.breakers[shortage.key], shortage.supply, now);
  if (gate === undefined) return { allowed: shortage.jobs.length };
  return { allowed: gate.probe ? 1 : 0, blocked: block(gate.reason, gate.until, gate.detail) };
}

function block(reason: ReasonCode, until: Instant | null, detail: string | null = null): Omit<Blocked, "since"> {
  return { reason, detail, until, tries: 0 };
}

/** Keeps the moment an unchanged reason began, so that an unchanged plan writes nothing. */
function since(planner: PlannerRecord, key: string, blocked: Blocked): Blocked {
  const standing = planner.blocked[key];
  return standing?.reason === blocked.reason ? { ...blocked, since: standing.since } : blocked;
}

/** One launch for each reach and market. */
function groupForLaunches(chosen: readonly { readonly job: Job; readonly shortage: Shortage }[]): readonly Wanted[] {
  const groups = new Map<string, { reach: Reach; jobs: JobKey[]; market?: Market }>();
  for (const { job, shortage } of chosen) {
    const { market } = job;
    const key = `${market ?? "any"} ${shortage.key}`;
    const group = groups.get(key) ?? { reach: shortage.reach, jobs: [], ...(market ? { market } : {}) };
    group.jobs.push(job.key);
    groups.set(key, group);
  }
  return [...groups.values()];
}

const firstBackoffMs = 1_000;
const longestBackoffMs = 5 * 60_000;

export interface Failure {
  readonly reason: ReasonCode;
  readonly detail: string | null;
  /** The source said so, not a compute or a machine. */
  readonly atSource?: boolean;
  /** When the other side said that it may be tried again. */
  readonly retryAt?: Instant;
}

/**
 * A reach after something failed: tried again at the moment the other side named, else after a pause that doubles with
 * every failure in a row (what is set up wrong at a compute: after the longest one). What fails during a pause failed for
 * the same cause: a batch counts once.
 */
export function backOff(
  standing: Blocked | undefined,
  { retryAt, ...failure }: Failure,
  { now, jitter }: { readonly now: Instant; readonly jitter: number },
): Blocked {
  const isSame = standing?.reason === failure.reason;
  const paused = isSame && (standing.until ?? 0) > now ? standing : undefined;
  if (paused !== undefined) return { ...paused, ...failure, until: Math.max(paused.until ?? 0, retryAt ?? 0) };
  const tries = (standing?.tries ?? 0) + 1;
  const soonest = retryAt ?? now + pauseMs(failure, { tries, jitter });
  // What failed for another cause does not end a pause that was asked for.
  const until = Math.max(soonest, standing?.until ?? 0);
  return { ...failure, since: isSame ? standing.since : now, until, tries };
}

/** What is set up wrong at a compute stays so until somebody corrects it: no pause is a short one. */
function pauseMs({ reason, atSource }: Failure, at: { readonly tries: number; readonly jitter: number }): number {
  if (reason === "misconfigured" && atSource !== true) return longestBackoffMs;
  return Math.round(Math.min(longestBackoffMs, firstBackoffMs * 2 ** (at.tries - 1)) * (0.5 + at.jitter / 2));
}
