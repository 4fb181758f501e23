/** Why machines are missing, as the planner needs to hear it and as people can act on it. */
import type { RefusedOutcome } from "../../core/launch-refusal";
import type { Instant } from "../../core/model";
import type { FailureClass } from "./failures";
import type { Failure } from "./fleet-call";
import type { Pool } from "./pools";

const outcomes: Readonly<Record<FailureClass, RefusedOutcome>> = {
  capacity: "no-capacity",
  quota: "quota",
  throttle: "throttled",
  config: "misconfigured",
};

/** What gives most hope comes first: one pool without capacity says more than ten that were set up wrong. */
const order: readonly FailureClass[] = ["capacity", "quota", "throttle", "config"];

export function worstUseful(failures: readonly Failure[]): FailureClass {
  return order.find((kind) => failures.some((failure) => failure.kind === kind)) ?? "capacity";
}

const fixes: Readonly<Record<FailureClass, string>> = {
  capacity: "more types or zones in the profile find capacity sooner",
  quota: "ask AWS for a higher limit (Service Quotas, Amazon EC2), or lower limits.maxRunners",
  throttle: "AWS limits how often it may be asked; this passes",
  config: "correct the profile or what it names, then deploy again",
};

export interface Refusal {
  readonly outcome: RefusedOutcome;
  readonly detail: string;
  readonly retryAt?: Instant;
}

/** The last call decides; the words tell of all. */
export function refusalOf(calls: readonly (readonly Failure[])[]): Refusal {
  const kind = worstUseful(calls.at(-1) ?? []);
  const said = calls.flatMap(saidBy);
  const what = said.length === 0 ? "AWS gave fewer machines than asked for, and no reason" : said.join("; ");
  return { outcome: outcomes[kind], detail: `${what}. ${fixes[kind]}` };
}

const mostPools = 3;
/** What AWS adds to them says nothing more. */
const plainCodes = ["InsufficientInstanceCapacity", "UnfulfillableCapacity"];

/** One piece for each code: `spot: InsufficientInstanceCapacity in m7i.large/subnet-1, … and 27 more`. */
function saidBy(failures: readonly Failure[]): readonly string[] {
  const byCode = new Map<string, Failure[]>();
  for (const failure of failures) byCode.set(failure.code, [...(byCode.get(failure.code) ?? []), failure]);
  return [...byCode].map(([code, rows]) => {
    const [first] = rows;
    const text = first === undefined || first.text === "" || plainCodes.includes(code) ? "" : ` (${first.text})`;
    return `${first?.market ?? ""}: ${code}${placesOf(rows.flatMap(({ pools }) => pools))}${text}`;
  });
}

function placesOf(pools: readonly Pool[]): string {
  if (pools.length === 0) return "";
  const names = [...new Set(pools.map(({ type, subnet }) => `${type}/${subnet}`))];
  const more = names.length > mostPools ? ` and ${names.length - mostPools} more` : "";
  return ` in ${names.slice(0, mostPools).join(", ")}${more}`;
}
