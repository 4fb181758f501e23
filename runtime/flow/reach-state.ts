/** What a profile's planner record says of one reach: why nothing is launched for it, and whether its machines fail. */
import { breakerFailed } from "../core/breaker";
import { OnejobError } from "../core/errors";
import { reachKey, type Blocked, type PlannerRecord, type Runner } from "../core/model";
import { backOff } from "../core/planning";
import type { Ports } from "../core/ports";
import type { ReasonCode } from "../core/reasons";
import { updatePlanner } from "./moves";

type Place = Pick<Runner, "profile" | "reach">;

export interface ReachFailure {
  readonly reason: ReasonCode;
  readonly detail: string | null;
}

/** Nothing more is launched for this reach for a while, and waiting jobs say why. */
export async function blockReach({ profile, reach }: Place, failure: ReachFailure, ports: Ports): Promise<void> {
  const at = { now: ports.clock.now(), jitter: ports.random.fraction() };
  const key = reachKey(reach);
  await updatePlanner(
    await ports.ledger.readPlanner(profile),
    ({ blocked }) => ({ blocked: { ...blocked, [key]: backOff(blocked[key], failure, at) } }),
    ports,
  );
}

/** A machine that never reported in, or that the source gave nothing. */
export async function countFailure({ profile, reach }: Place, reason: ReasonCode, ports: Ports): Promise<void> {
  const key = reachKey(reach);
  const now = ports.clock.now();
  await updatePlanner(
    await ports.ledger.readPlanner(profile),
    ({ breakers }) => ({ breakers: { ...breakers, [key]: breakerFailed(breakers[key], reason, now) } }),
    ports,
  );
}

/**
 * Something of this reach went well: what was said against it, for one of these reasons, holds no more. Every reason when
 * none is named.
 */
export async function clearReach(place: Place, reasons: readonly ReasonCode[] | "all", ports: Ports): Promise<void> {
  const planner = await ports.ledger.readPlanner(place.profile);
  const key = reachKey(place.reach);
  if (cleared(planner, key, reasons) === undefined) return;
  await updatePlanner(planner, (current) => cleared(current, key, reasons), ports);
  await ports.queue.send([{ kind: "plan", profile: place.profile }]);
}

function cleared(
  planner: PlannerRecord,
  key: string,
  reasons: readonly ReasonCode[] | "all",
): Pick<PlannerRecord, "breakers" | "blocked"> | undefined {
  const breaker = planner.breakers[key];
  if (breaker === undefined || (reasons !== "all" && !reasons.includes(breaker.reason))) return undefined;
  return { breakers: without(planner.breakers, key), blocked: without(planner.blocked, key) };
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
  return stands !== undefined && Object.values(sourceReasons).includes(stands.reason) ? stands : undefined;
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
export function sourceFailure(error: unknown): ReachFailure | undefined {
  if (!(error instanceof OnejobError)) return undefined;
  const reason = sourceReasons[error.code];
  return reason && { reason, detail: error.detail };
}

const sourceReasons: Readonly<Partial<Record<string, ReasonCode>>> = {
  "source-unreachable": "source-unreachable",
  "source-throttled": "throttled",
  "source-refused": "misconfigured",
};
