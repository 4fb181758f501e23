/** What a seed means: how large, where it runs, what comes when, and what may go wrong. Two runs of one are the same. */
import type { Dice } from "./dice";
import { faultNames, type FaultName } from "./faults";
import type { Pace } from "./picture";
import type { HostKind } from "./server";
import type { SwitchName } from "./switches";

export interface Scenario {
  readonly seed: number;
  /** How many there could be. */
  readonly jobs: number;
  /** Of those only these, by index. @default all */
  readonly arrivals?: readonly number[];
  /** Kinds of faults that may happen. @default all */
  readonly faults?: readonly FaultName[];
  /** Of all that would happen, only these. */
  readonly only?: readonly string[];
  /** A safety that is turned off, to see what it is good for. */
  readonly without?: SwitchName;
}

export interface Plan {
  readonly host: HostKind;
  readonly profileCap: number;
  readonly fleetCap: number;
  readonly pace: Pace;
  readonly market: MarketPlan;
  readonly arrivals: readonly Arrival[];
}

export interface MarketPlan {
  readonly spot: "preferred" | "only" | "never";
  readonly onInterruption: "rerun" | "fail";
  /** The cloud tells by itself what becomes of its machines. */
  readonly tells: boolean;
}

export interface Arrival {
  readonly index: number;
  readonly kind: "forge" | "api";
  readonly afterMs: number;
  readonly durationMs: number;
  readonly exitCode: number;
  readonly large: boolean;
  readonly run: string;
  readonly retries: number;
  /** What people will do to it. */
  readonly whims: ReadonlySet<FaultName>;
}

const second = 1_000;
/** Longer than any profile allows. */
const overlongMs = 3 * 3_600 * second;

export function faultsOf({ faults = faultNames }: Scenario): ReadonlySet<FaultName> {
  return new Set(faults);
}

/** Of every job, whether or not it comes: leaving one out changes nothing for the others. */
export function planOf({ jobs, arrivals: only }: Scenario, dice: Dice): Plan {
  const chosen = only && new Set(only);
  const spreadMs = (dice.pick([0, 60, 600, 3_600], "spread") ?? 0) * second;
  const forgeShare = dice.pick([0, 0.5, 1, 1], "share") ?? 1;
  const runOf = dice.pick([1, 5, 40, 200], "runs") ?? 1;
  const profileCap = dice.pick([2, 5, 12, 40], "cap") ?? 5;
  const all = Array.from({ length: jobs }, (_, index): Arrival => {
    const stream = `job ${index}`;
    const whims = whimsOf(index, dice, { comes: chosen?.has(index) ?? true });
    const pick = { kind: dice.fraction(stream), afterMs: Math.floor(dice.fraction(stream) * spreadMs) };
    const durationMs = (dice.pick([1, 5, 30, 60, 300], stream) ?? 1) * second + dice.between(0, 5_000, stream);
    return {
      index,
      kind: pick.kind < forgeShare ? "forge" : "api",
      afterMs: pick.afterMs,
      durationMs: whims.has("overlong") ? overlongMs : durationMs,
      exitCode: dice.fraction(stream) < 0.1 ? 1 : 0,
      large: dice.fraction(stream) < 0.2,
      run: `run${Math.floor(index / runOf)}`,
      retries: dice.fraction(stream) < 0.2 ? 1 : 0,
      whims,
    };
  });
  return {
    host: dice.fraction("host") < 0.5 ? "process" : "functions",
    profileCap,
    fleetCap: Math.max(2, Math.floor(profileCap * (dice.pick([0.7, 1.5, 2], "fleet") ?? 1))),
    pace: {
      sweepMs: (dice.pick([30, 60, 60, 180], "sweep") ?? 60) * second,
      leaseMs: (dice.pick([45, 60, 120], "lease") ?? 60) * second,
    },
    market: {
      spot: dice.pick(["preferred", "preferred", "only", "never"] as const, "spot") ?? "preferred",
      onInterruption: dice.fraction("again") < 0.75 ? "rerun" : "fail",
      tells: dice.fraction("tells") < 0.6,
    },
    arrivals: all.filter(({ index }) => chosen?.has(index) ?? true),
  };
}

const peoplesWhims = ["approval", "cancel", "job-deleted", "rerun", "overlong"] as const satisfies readonly FaultName[];

function whimsOf(index: number, dice: Dice, { comes }: { readonly comes: boolean }): ReadonlySet<FaultName> {
  if (comes) return new Set(peoplesWhims.filter((name) => dice.strikes(name, `job ${index}`)));
  for (const name of peoplesWhims) dice.pass(name);
  return new Set();
}
