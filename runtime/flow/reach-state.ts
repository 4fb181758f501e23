/** What a profile's planner record says of one reach: why nothing is launched for it, and whether its machines fail. */
import { breakerFailed } from "../core/breaker";
import { OnejobError } from "../core/errors";
import { reachKey, type Blocked, type PlannerRecord, type Runner } from "../core/model";
import { backOff, type Failure } from "../core/planning";
import type { Ports } from "../core/ports";
import type { ReasonCode } from "../core/reasons";
import { updatePlanner } from "./moves";

type Place = Pick<Runner, "profile" | "reach">;

/** Nothing more is launched for this reach for a while, and waiting jobs say why. */
export async function blockReach({ profile, reach }: Place, failure: Failure, ports: Ports): Promise<void> {
  const at = { now: ports.clock.now(), jitter: ports.random.fraction() };
  const key = reachKey(reach);
  await updatePlanner(
    await ports.ledger.readPlanner(profile),
    ({ blocked }) => ({ blocked: { ...blocked, [key]: backOff(blocked[key], failure, at) } }),
    ports,
  );
}

/** A machine that never reported in, or that the source gave nothing. */
export async function countFailure({ profile, reach }: Place, failure: Failure, ports: Ports): Promise<void> {
  const key = reachKey(reach);
  const now = ports.clock.now();
  await updatePlanner(
    await ports.ledger.readPlanner(profile),
    ({ breakers }) => ({ breakers: { ...breakers, [key]: breakerFailed(breakers[key], failure, now) } }),
    ports,
  );
}

/** Somebody changed the settings, or started the server anew: what was wrong may be right by now. */
export async function forgiveFailures(ports: Ports): Promise<void> {
  for (const profile of await ports.ledger.listProfiles()) {
    const planner = await ports.ledger.readPlanner(profile);
    if (Object.keys(planner.breakers).length + Object.keys(planner.blocked).length === 0) continue;
    await updatePlanner(planner, () => ({ breakers: {}, blocked: {} }), ports);
  }
}

/** Something of this reach went well: what was said against it holds no more. */
export async function clearReach(place: Place, ports: Ports): Promise<void> {
  const planner = await ports.ledger.readPlanner(place.profile);
  const key = reachKey(place.reach);
  const stands = ({ breakers, blocked }: PlannerRecord) =>
    breakers[key] !== undefined || (blocked[key]?.tries ?? 0) > 0;
  if (!stands(planner)) return;
  await updatePlanner(
    planner,
    (current) =>
      stands(current)
        ? { breakers: without(current.breakers, key), blocked: without(current.blocked, key) }
        : undefined,
    ports,
  );
  await ports.queue.send([{ kind: "plan", profile: place.profile }]);
}

function without<T>(record: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key));
}

/** What keeps this reach from its source at the moment. */
export async function failureOf({ profile, reach }: Place, ports: Ports): Promise<Blocked | undefined> {
  return failureIn(await ports.ledger.readPlanner(profile), reachKey(reach));
}

function failureIn({ blocked }: PlannerRecord, key: string): Blocked | undefined {
  const stands = blocked[key];
  return stands?.atSource === true ? stands : undefined;
}

/** Its source did not answer when it was asked last. A refusal is an answer, and of that call alone. */
export function silenceIn(planner: PlannerRecord, key: string): Blocked | undefined {
  const stands = failureIn(planner, key);
  return stands !== undefined && isSilence(stands) ? stands : undefined;
}

function isSilence({ reason }: Pick<Blocked, "reason">): boolean {
  return reason === "source-unreachable" || reason === "throttled";
}

/** A call about this reach failed: as long as its source gives no answer, that is what its jobs wait for. */
export async function noteSilence(place: Place, error: unknown, ports: Ports): Promise<void> {
  const failure = sourceFailure(error);
  if (failure !== undefined && isSilence(failure)) await blockReach(place, failure, ports);
}

/** The source answers again: what it kept from this reach holds no more. */
export async function unblockReach({ profile, reach }: Place, ports: Ports): Promise<void> {
  const planner = await ports.ledger.readPlanner(profile);
  const key = reachKey(reach);
  if (failureIn(planner, key) === undefined) return;
  await updatePlanner(planner, ({ blocked }) => ({ blocked: without(blocked, key) }), ports);
  await ports.queue.send([{ kind: "plan", profile }]);
}

/** What a failed call to a source means for those who wait for it; `undefined`: it is no such failure. */
export function sourceFailure(error: unknown): Failure | undefined {
  if (!(error instanceof OnejobError)) return undefined;
  const reason = sourceReasons[error.code];
  return reason && { reason, detail: error.detail, atSource: true, ...namedTime(error.details) };
}

function namedTime(details: unknown): Pick<Failure, "retryAt"> {
  const retryAt = typeof details === "object" && details !== null && "retryAt" in details ? details.retryAt : null;
  return typeof retryAt === "number" ? { retryAt } : {};
}

const sourceReasons: Readonly<Partial<Record<string, ReasonCode>>> = {
  "source-unreachable": "source-unreachable",
  "source-throttled": "throttled",
  "source-refused": "misconfigured",
};
