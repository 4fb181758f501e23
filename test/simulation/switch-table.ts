/** Turns each safety off in turn and counts the seeds until a promise breaks: `npm run simulate -- --switches`. */
import type { Violation } from "./judge";
import { simulate } from "./simulate";
import { switches, type SwitchName } from "./switches";

const jobs = 40;

export interface Missed {
  readonly name: SwitchName;
  /** The first seed in which it is missed; `null`: nobody noticed, in as many as are stated for it. */
  readonly seed: number | null;
  readonly violation: Violation | undefined;
}

export const switchNames = Object.keys(switches).filter((name): name is SwitchName => Object.hasOwn(switches, name));

/** Seeds from 1 on, as many as are stated for it. */
export async function misses(name: SwitchName): Promise<Missed> {
  for (let seed = 1; seed <= switches[name].within; seed += 1) {
    const { violation } = await simulate({ seed, jobs, without: name });
    if (violation !== undefined) return { name, seed, violation };
  }
  return { name, seed: null, violation: undefined };
}

export const switchHead = ["turned off", "first seed", "within", "broken", "what is not done any more"].join(" | ");

export function switchLine({ name, seed, violation }: Missed): string {
  const { within, what } = switches[name];
  return [name, seed ?? "none", within, violation?.promise ?? "nothing", what].join(" | ");
}
