/**
 * Which machine is which runner's. One call makes many machines, all with the same tags, so this is decided afterwards:
 * machines in the order of their ids, runners in the order of the request. The same answer of AWS always leads to the
 * same pairs, so whoever repeats a launch after a crash comes to the same result; then it is written on the machines.
 * The readme tells the whole story.
 */
import { CreateTagsCommand } from "@aws-sdk/client-ec2";
import { machineTags, runnerTagOf } from "../../core/aws-identity";
import { LaunchRefusal } from "../../core/launch-refusal";
import { apiError, hasCode } from "./failures";
import type { Host } from "./host";
import { type FoundInstance, findInstances, ofTag, runnerOf } from "./instances";
import { tried } from "./tries";

export class Pairs {
  readonly #runners: readonly string[];
  readonly #machineOf = new Map<string, string>();
  readonly #unwritten = new Set<string>();

  constructor(runners: readonly string[]) {
    this.#runners = runners;
  }

  get missing(): readonly string[] {
    return this.#runners.filter((runner) => !this.#machineOf.has(runner));
  }

  machineOf(runner: string): string | undefined {
    return this.#machineOf.get(runner);
  }

  /** Pairs whose machines do not say so yet. */
  get unwritten(): readonly (readonly [runner: string, machine: string])[] {
    return [...this.#machineOf].filter(([runner]) => this.#unwritten.has(runner));
  }

  /** Gives each the next runner without a machine. `written`: the one machine that was made for it says so already. */
  give(machines: readonly string[], { written }: { readonly written: boolean }): void {
    const taken = new Set(this.#machineOf.values());
    const free = machines.filter((machine) => !taken.has(machine));
    for (const [index, runner] of this.missing.entries()) {
      const machine = free[index];
      if (machine === undefined) return;
      this.#machineOf.set(runner, machine);
      if (!written) this.#unwritten.add(runner);
    }
  }

  /** Machines that were found: first those that say whose they are, then the others, in the order they were made in. */
  adopt(found: readonly FoundInstance[]): void {
    const missing = new Set(this.missing);
    const nobodys: FoundInstance[] = [];
    for (const instance of found) {
      const runner = runnerOf(instance);
      if (runner === undefined) nobodys.push(instance);
      else if (missing.delete(runner)) this.#machineOf.set(runner, instance.id);
    }
    this.give(
      nobodys.sort(byMaking).map(({ id }) => id),
      { written: false },
    );
  }
}

function byMaking(a: FoundInstance, b: FoundInstance): number {
  const attemptOf = ({ tags }: FoundInstance) => Number(tags[machineTags.attempt] ?? 0);
  return attemptOf(a) - attemptOf(b) || (a.id < b.id ? -1 : 1);
}

/** Whatever was ever made for a launch, ended or not. */
export function machinesOfLaunch(host: Host, launch: string): Promise<readonly FoundInstance[]> {
  return findInstances(host, [ofTag(machineTags.launch, launch)]);
}

/** An instance has 50 tags at most, and up to 30 are the user's own. */
const pairsPerCall = 12;

type Pair = readonly [runner: string, machine: string];

/**
 * Each machine carries the pairs of all that were written with it: one call gives all of them the same tags. Answers the
 * runners whose machines may not be told, and why; throws when nobody knows whether it was done.
 */
export async function writePairs(host: Host, pairs: Pairs): Promise<ReadonlyMap<string, LaunchRefusal>> {
  const all = pairs.unwritten;
  const groups = Array.from({ length: Math.ceil(all.length / pairsPerCall) }, (_, index) =>
    all.slice(index * pairsPerCall, (index + 1) * pairsPerCall),
  );
  const refusals = await Promise.all(groups.map((group) => writeGroup(host, group)));
  return new Map(
    groups.flatMap((group, index) => {
      const refusal = refusals[index];
      return refusal === undefined ? [] : group.map(([runner]) => [runner, refusal] as const);
    }),
  );
}

async function writeGroup(host: Host, group: readonly Pair[]): Promise<LaunchRefusal | undefined> {
  const command = new CreateTagsCommand({
    Resources: group.map(([, machine]) => machine),
    Tags: group.map(([runner, machine]) => ({ Key: runnerTagOf(machine), Value: runner })),
  });
  try {
    await tried((within) => host.ec2.send(command, within), host, { passing: isNotSeenYet });
    return undefined;
  } catch (error) {
    const { kind, code, text } = apiError(error);
    if (isNotSeenYet(error) || (kind !== "config" && kind !== "quota")) throw error;
    const fix = "correct the rights of the work function or the number of tags, then deploy again";
    host.log.warn("machines may not be told whose they are", { code, machines: group.map(([, machine]) => machine) });
    return new LaunchRefusal("misconfigured", `machines may not be tagged: ${code} (${text}). ${fix}`);
  }
}

/** What was made a moment ago is not known everywhere yet. */
function isNotSeenYet(error: unknown): boolean {
  return hasCode(error, "InvalidInstanceID.NotFound") || hasCode(error, "InvalidID");
}
