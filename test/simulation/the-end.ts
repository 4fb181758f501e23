/** What must be so after everything went well for long: all is over, and everybody agrees on how it ended. */
import { isFinal } from "../../runtime/core/lifecycle";
import { runnerName, type JobKey } from "../../runtime/core/model";
import type { Truth } from "./demand";
import type { Breach } from "./judge";
import type { Picture } from "./picture";
import { jobKey } from "./sim-forge";
import { jobMs } from "./sim-settings";

export function wrongAtTheEnd(picture: Picture, truth: AtTheEnd): readonly Breach[] {
  const { forge, cloud } = truth;
  const { jobs, runners, machines } = picture;
  return [
    ...[...jobs.values()].map(({ key, state }) => breach("I1", `job ${key} is still ${state}`, key)),
    ...[...forge.open.keys()].map((id) => breach("I1", `job ${id} never ran at the forge`, jobKey(id))),
    ...[...machines.keys()].map((id) => breach("I2", `machine ${id} still runs`, id)),
    ...[...runners.values()].map(({ id, state }) => breach("I2", `runner ${id} is still ${state}`, id)),
    ...[...forge.runners.keys()].map((name) => breach("I2", `${name} still stands at the forge`, name.slice(7))),
    ...[...cloud.unpaired.keys()].map((id) => breach("I2", `machine ${id} of nobody still runs`, id)),
    ...endings(picture, truth),
  ];
}

interface AtTheEnd extends Pick<Truth, "forge" | "cloud"> {
  /** Those that ended here because their machine was taken back. */
  readonly interrupted: ReadonlyMap<JobKey, unknown>;
  /** Jobs that somebody wanted to stop. */
  readonly unwanted: ReadonlySet<JobKey>;
}

const alike = { success: "completed", failure: "failed", cancelled: "cancelled" } as const;

/** What waited too long for us ended here with that reason; others may have run it since. */
function endings({ ended }: Picture, { forge, unwanted, interrupted }: AtTheEnd): readonly Breach[] {
  return [...forge.jobs.values()].flatMap(({ id, conclusion, runner, startedAt, endedAt }): readonly Breach[] => {
    const key: JobKey = jobKey(id);
    const here = ended.get(key);
    if (here === undefined || !isFinal(here) || here === "expired") return [];
    if (conclusion !== null && here === alike[conclusion]) return [];
    // A listener that is stopped with its machine may say so.
    if (interrupted.has(key) && conclusion === "cancelled") return [];
    // What was to stop may be lost here before it is stopped there, or the other way round.
    if (unwanted.has(key) && here !== "completed" && conclusion !== "success") return [];
    // Nobody here can stop what others run, and does not wait for it longer than for one of ours.
    const isTheirs = !(runner ?? "").startsWith(runnerName(""));
    if (isTheirs && here === "failed" && (endedAt ?? 0) - (startedAt ?? 0) > jobMs) return [];
    return [breach("I1", `job ${id} is ${here} here and ${conclusion ?? "open"} at the forge`, key)];
  });
}

/** Nothing is reserved for anybody, and nothing is left to do. */
export function leftOver({ planners, fleet }: Picture, queued: number): readonly Breach[] {
  const held = [...planners.values()].flatMap(({ profile, launches, lease, dirty }): readonly Breach[] => [
    ...launches.map(({ id }) => breach("I2", `launch ${id} of ${profile} is still open`, id)),
    ...(lease === null ? [] : [breach("I2", `the planner of ${profile} is still held by ${lease.holder}`, profile)]),
    ...(dirty ? [breach("I2", `${profile} was to be planned again, and was not`, profile)] : []),
  ]);
  const shares = Object.entries(fleet?.shares ?? {})
    .filter(([, { runners }]) => runners > 0)
    .map(([profile, { runners }]) => breach("I2", `${profile} still has a share of ${runners} in the fleet`, profile));
  const hungry = (fleet?.hungry ?? []).map((profile) => breach("I2", `${profile} still waits for room`, profile));
  const messages = queued > 0 ? [breach("I2", `${queued} messages are still in the queue`, "queue")] : [];
  return [...held, ...shares, ...hungry, ...messages];
}

function breach(promise: Breach["promise"], what: string, name: string): Breach {
  return { promise, what, names: [name] };
}
