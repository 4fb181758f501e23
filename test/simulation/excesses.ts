/** Too many machines: more than a cap allows, more than anybody wants, or one after the other that is of no use. */
import { reachKey, type Launch, type PlannerRecord, type Runner } from "../../runtime/core/model";
import { placeOf, seemsFree, seemsToWait } from "./demand";
import type { Breach } from "./judge";
import type { Picture } from "./picture";
import type { SimMachine } from "./sim-cloud";

/** Of a run: launches that may ask for too many. */
const fewExcesses = 2;

/** It never came up, or listened in vain while somebody waited. */
function isUseless({ reason, nonce, job, begunAt }: Runner): boolean {
  if (job !== null || begunAt !== undefined) return false;
  return reason === "idle-timeout" || (nonce === null && (reason === "boot-timeout" || reason === "agent-lost"));
}

export class Excesses {
  readonly #picture: Picture;
  readonly #perProfile = new Map<string, number>();
  /** Machines in a row that never reported in, by profile and reach. */
  readonly #useless = new Map<string, Set<string>>();
  #launches = 0;

  constructor(picture: Picture) {
    this.#picture = picture;
  }

  started({ profile, launch }: SimMachine): Breach | undefined {
    const { caps, machines } = this.#picture;
    const count = (this.#perProfile.get(profile) ?? 0) + 1;
    this.#perProfile.set(profile, count);
    const cap = caps.profiles[profile] ?? 0;
    if (count > cap) return broken("I3", `${count} machines of ${profile}, ${cap} are allowed`, [launch, profile]);
    if (machines.size <= caps.fleet) return undefined;
    return broken("I3", `${machines.size} machines in all, ${caps.fleet} are allowed`, [launch, "fleet"]);
  }

  ended({ profile }: SimMachine): void {
    this.#perProfile.set(profile, (this.#perProfile.get(profile) ?? 1) - 1);
  }

  forgive(): void {
    this.#useless.clear();
  }

  wroteRunner(runner: Runner, place: string): Breach | undefined {
    const { id, profile } = runner;
    if (runner.begunAt !== undefined || runner.job !== null) this.#useless.delete(place);
    if (!isUseless(runner)) return undefined;
    const useless = (this.#useless.get(place) ?? new Set()).add(id);
    this.#useless.set(place, useless);
    // Two rounds are under way before anybody can know; then a probe now and then.
    if (useless.size <= 2 * (this.#picture.caps.profiles[profile] ?? 0) + 8) return undefined;
    return broken("I9", `${useless.size} machines of ${profile} in a row were of no use`, [profile, id]);
  }

  /** One that was paused between reading and writing may ask for too many, once in a while. */
  asked(planner: PlannerRecord, fresh: readonly Launch[]): Breach | undefined {
    const keys = [...new Set(fresh.map(({ reach }) => reachKey(reach)))];
    if (keys.every((key) => !this.#isBeyond(key, planner, fresh))) return undefined;
    this.#launches += 1;
    if (this.#launches <= fewExcesses) return undefined;
    const launches = fresh.map(({ id }) => id);
    return broken("I6", `launches ask for more machines than are wanted, ${launches.join(" ")} is the last`, launches);
  }

  /** Whether more is coming there than is wanted at the moment of that write. */
  #isBeyond(key: string, planner: PlannerRecord, fresh: readonly Launch[]): boolean {
    const { places, runners } = this.#picture;
    const place = `${planner.profile} ${key}`;
    const isHere = (launch: Launch) => reachKey(launch.reach) === key;
    const wanted = [...places.values()].filter((job) => seemsToWait(job) && placeOf(job) === place).length;
    const slots = planner.launches.filter(isHere).flatMap((launch) => launch.slots);
    const open = slots.filter(({ runner }) => !runners.has(runner)).length;
    const free = [...runners.values()].filter((runner) => seemsFree(runner) && placeOf(runner) === place).length;
    return fresh.some(isHere) && free + open > wanted;
  }
}

function broken(promise: Breach["promise"], what: string, names: readonly string[]): Breach {
  return { promise, what, names };
}
