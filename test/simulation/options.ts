/** What is asked for on the command line, and the command line that asks for a scenario again. */
import { parseArgs } from "node:util";
import { faultNames, faults, type FaultName } from "./faults";
import type { Scenario } from "./scenario";
import { switches, type SwitchName } from "./switches";

export const usage = `npm run simulate -- [options]

  --seeds N       how many seeds, 100 by default      --from N     the first of them, 1 by default
  --jobs N        in each of them, 200 by default     --workers N  threads, 2 by default, at most one for each core
  --faults LIST   all (the default), none, or names of faults and of their classes: host,webhook-lost
  --without NAME  turns one safety off                --json FILE  writes the figures there as well
  --switches      turns each safety off in turn, and tells in which seed it is missed first
  --no-shrink     does not look for a smaller failure

  --seed N        only this seed, with its story when it fails
  --only LIST     of its faults only these: crash-after#12,webhook-lost#3
  --arrivals LIST of its jobs only these, counted from 0: 3,17
  --story         its whole story, whether it fails or not`;

export interface Options {
  readonly scenarios: readonly Scenario[];
  readonly workers: number;
  readonly switches: boolean;
  readonly story: boolean;
  readonly shrink: boolean;
  readonly json: string | undefined;
  readonly help: boolean;
}

/** Something on the command line is wrong; the message says what to write instead. */
export class UsageError extends Error {}

const text = { type: "string" } as const;
const flag = { type: "boolean" } as const;
const definition = {
  ...{ seeds: text, from: text, jobs: text, workers: text, faults: text, without: text, json: text, help: flag },
  ...{ seed: text, only: text, arrivals: text, story: flag, "no-shrink": flag, switches: flag },
} as const;

/** Throws `UsageError`. `cores` is the most threads there can be. */
export function readOptions(args: readonly string[], { cores }: { readonly cores: number }): Options {
  const given = parsed(args);
  const isOne = given.seed !== undefined;
  if (isOne && (given.seeds ?? given.from) !== undefined)
    throw new UsageError("--seed is one seed: leave --seeds and --from away");
  for (const name of ["only", "arrivals", "story"] as const)
    if (!isOne && given[name] !== undefined) throw new UsageError(`--${name} needs --seed N: it is about one seed`);
  const from = isOne ? count("seed", given.seed, 1) : count("from", given.from, 1);
  const seeds = isOne ? 1 : count("seeds", given.seeds, 100);
  const common = {
    jobs: count("jobs", given.jobs, 200),
    ...(given.faults === undefined || given.faults === "all" ? {} : { faults: kindsOf(given.faults) }),
    ...(given.only === undefined ? {} : { only: given.only.split(",").map(faultId) }),
    ...(given.arrivals === undefined ? {} : { arrivals: given.arrivals.split(",").map(arrivalIndex) }),
    ...(given.without === undefined ? {} : { without: switchNamed(given.without) }),
  };
  return {
    scenarios: Array.from({ length: seeds }, (_, index) => ({ seed: from + index, ...common })),
    workers: Math.min(count("workers", given.workers, 2), cores, seeds),
    switches: given.switches === true,
    story: given.story === true,
    shrink: given["no-shrink"] !== true,
    json: given.json,
    help: given.help === true,
  };
}

export function commandFor({ seed, jobs, arrivals, faults: kinds, only, without }: Scenario): string {
  const noFaults = (only ?? kinds)?.length === 0;
  const named = only === undefined ? kinds && ["--faults", kinds.join(",")] : ["--only", `'${only.join(",")}'`];
  const chosen = noFaults ? ["--faults", "none"] : (named ?? []);
  const rest = without === undefined ? [] : ["--without", without];
  const some = arrivals === undefined ? [] : ["--arrivals", arrivals.join(",")];
  return ["npm run simulate --", "--seed", seed, "--jobs", jobs, ...some, ...chosen, ...rest].join(" ");
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: definition }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function count(name: string, value: string | undefined, byDefault: number): number {
  const number = value === undefined ? byDefault : /^\d{1,9}$/.test(value) ? Number(value) : 0;
  if (number < 1) throw new UsageError(`--${name} ${value ?? ""}: write a whole number from 1 to 999999999`);
  return number;
}

function kindsOf(list: string): readonly FaultName[] {
  if (list === "none") return [];
  const wanted = list.split(",");
  const known = new Set<string>(faultNames.flatMap((name) => [name, faults[name].class]));
  const unknown = wanted.filter((name) => !known.has(name));
  if (unknown.length > 0)
    throw new UsageError(`--faults ${unknown.join(",")}: write all, none, or some of ${[...known].sort().join(", ")}`);
  return faultNames.filter((name) => wanted.includes(name) || wanted.includes(faults[name].class));
}

function faultId(id: string): string {
  const [name = "", number = ""] = id.split("#");
  if (faultNames.some((known) => known === name) && /^[1-9]\d*$/.test(number)) return id;
  throw new UsageError(`--only ${id}: write faults as a story names them, such as crash-after#12`);
}

function arrivalIndex(index: string): number {
  if (/^\d{1,6}$/.test(index)) return Number(index);
  throw new UsageError(`--arrivals ${index}: write the numbers of jobs, counted from 0, such as 3,17`);
}

function switchNamed(name: string): SwitchName {
  const isSwitch = (one: string): one is SwitchName => Object.keys(switches).includes(one);
  if (isSwitch(name)) return name;
  throw new UsageError(`--without ${name}: write one of ${Object.keys(switches).join(", ") || "(there are none yet)"}`);
}
