/** What a seed means: how large, where it runs, what comes when, and what may go wrong. Two runs of one are the same. */
import type { Dice } from "./dice";
import { faultNames, type FaultName } from "./faults";
import type { HostKind } from "./server";
import type { SwitchName } from "./switches";

export interface Scenario {
  readonly seed: number;
  readonly jobs: number;
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
  readonly arrivals: readonly Arrival[];
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
}

const second = 1_000;

export function faultsOf({ faults = faultNames }: Scenario): ReadonlySet<FaultName> {
  return new Set(faults);
}

export function planOf({ jobs }: Scenario, dice: Dice): Plan {
  const spreadMs = (dice.pick([0, 60, 600, 3_600], "spread") ?? 0) * second;
  const forgeShare = dice.pick([0, 0.5, 1, 1], "share") ?? 1;
  const runOf = dice.pick([1, 5, 40, 200], "runs") ?? 1;
  const profileCap = dice.pick([2, 5, 12, 40], "cap") ?? 5;
  const arrivals = Array.from({ length: jobs }, (_, index): Arrival => {
    const stream = `job ${index}`;
    return {
      index,
      kind: dice.fraction(stream) < forgeShare ? "forge" : "api",
      afterMs: Math.floor(dice.fraction(stream) * spreadMs),
      durationMs: (dice.pick([1, 5, 30, 60, 300], stream) ?? 1) * second + dice.between(0, 5_000, stream),
      exitCode: dice.fraction(stream) < 0.1 ? 1 : 0,
      large: dice.fraction(stream) < 0.2,
      run: `run${Math.floor(index / runOf)}`,
      retries: dice.fraction(stream) < 0.2 ? 1 : 0,
    };
  });
  return {
    host: dice.fraction("host") < 0.5 ? "process" : "functions",
    profileCap,
    fleetCap: Math.max(2, Math.floor(profileCap * (dice.pick([0.7, 1.5, 2], "fleet") ?? 1))),
    arrivals,
  };
}
