/** What is wrong at this moment and has to be put right in time. Each wrong has a name, so that it is known again. */
import { isDemand, isHeld, isStopping, isSupply } from "../../runtime/core/lifecycle";
import {
  reachKey,
  type Instant,
  type Job,
  type Launch,
  type PlannerRecord,
  type Runner,
} from "../../runtime/core/model";
import { explainJob } from "../../runtime/core/why";
import { launchSlots } from "../../runtime/core/planning";
import type { ForgeTruth } from "./forge-truth";
import type { Judge, PromiseName } from "./judge";
import { jobKey } from "./sim-forge";

export interface Wrong {
  /** The same from one look to the next. */
  readonly name: string;
  readonly promise: PromiseName;
  readonly what: string;
  readonly names: readonly string[];
  /** How long it may stand. */
  readonly minutes: number;
}

type Picture = Pick<Judge, "jobs" | "runners" | "planners" | "machines" | "ended" | "caps" | "calmAt">;

const minute = 60_000;
/** Until somebody looks at what is due, and has done something about it. */
const sweepMs = 1.5 * minute;
/** How long what went wrong before may hold jobs up: the longest time that an image is bad, and the next probe of a breaker. */
const restMs = 80 * minute;
/** The longest life a machine may have: boot, idle, its job, and twice the time that a silent agent is given. */
const longestLifeMs = 120 * minute;

export function standingWrongs(picture: Picture, forge: ForgeTruth, now: Instant): readonly Wrong[] {
  return [
    ...overdueJobs(picture, now),
    ...unheardJobs(picture, forge),
    ...strayMachines(picture, now),
    ...overdueRunners(picture, now),
    ...surplus(picture),
    ...silentJobs(picture, now),
    ...unstoppedJobs(picture, now),
    ...idledJobs(picture, forge, now),
  ];
}

function overdueJobs({ jobs }: Picture, now: Instant): readonly Wrong[] {
  return [...jobs.values()]
    .filter(({ deadlineAt }) => deadlineAt !== null && deadlineAt < now - sweepMs)
    .map(({ key, state }) => ({
      ...{ name: `overdue ${key}`, promise: "I1", names: [key], minutes: 5 },
      what: `job ${key} is ${state} past its deadline`,
    }));
}

/** The forge offers a job of ours, and nobody here knows of it. */
function unheardJobs({ jobs, ended }: Picture, forge: ForgeTruth): readonly Wrong[] {
  return [...forge.open.values()]
    .filter(({ id, state }) => state === "queued" && !jobs.has(jobKey(id)) && !ended.has(jobKey(id)))
    .map(({ id }) => ({
      ...{ name: `unheard ${id}`, promise: "I1", names: [jobKey(id)], minutes: 25 },
      what: `job ${id} waits at the forge and is not known here`,
    }));
}

function strayMachines({ machines, runners, planners }: Picture, now: Instant): readonly Wrong[] {
  const open = new Set([...planners.values()].flatMap((planner) => planner.launches.map(({ id }) => id)));
  return [...machines.values()].flatMap(({ runner, launch, startedAt }): readonly Wrong[] => {
    const common = { promise: "I2", names: [runner, launch] } as const;
    if (now - startedAt > longestLifeMs)
      return [{ ...common, name: `old ${runner}`, what: `machine ${runner} lives and lives`, minutes: 0 }];
    if (runners.has(runner) || open.has(launch)) return [];
    return [{ ...common, name: `stray ${runner}`, what: `machine ${runner} runs, and no record knows it`, minutes: 8 }];
  });
}

function overdueRunners({ runners }: Picture, now: Instant): readonly Wrong[] {
  return [...runners.values()]
    .filter(({ deadlineAt }) => deadlineAt !== null && deadlineAt < now - sweepMs)
    .map(({ id, state }) => ({
      ...{ name: `overdue ${id}`, promise: "I2", names: [id], minutes: 5 },
      what: `runner ${id} is ${state} past its deadline`,
    }));
}

/** By reach: runners that could take a job, beyond the jobs that want one. */
function surplus({ jobs, runners, planners }: Picture): readonly Wrong[] {
  const spare = new Map<string, Set<string>>();
  const add = (key: string, runner: string) => spare.set(key, (spare.get(key) ?? new Set()).add(runner));
  for (const planner of planners.values())
    for (const { runner, launch } of launchSlots(planner)) add(`${launch.profile} ${reachKey(launch.reach)}`, runner);
  for (const runner of runners.values()) {
    const key = `${runner.profile} ${reachKey(runner.reach)}`;
    if (isSupply(runner) && runner.askedAt === null) add(key, runner.id);
    else spare.get(key)?.delete(runner.id);
  }
  const demand = new Map<string, number>();
  for (const job of jobs.values()) if (isDemand(job)) demand.set(placeOf(job), (demand.get(placeOf(job)) ?? 0) + 1);
  return [...spare]
    .filter(([key, free]) => free.size > (demand.get(key) ?? 0))
    .flatMap(([key, free]) =>
      [...free].map((runner) => ({
        ...{ name: `surplus ${runner}`, promise: "I6" as const, names: [runner], minutes: 4 },
        what: `${free.size} runners, ${runner} among them, wait for ${demand.get(key) ?? 0} jobs of ${key}`,
      })),
    );
}

/** Machines that a planner has just asked for beyond what was wanted when it wrote that down. */
export function unwanted({ jobs, runners }: Picture, planner: PlannerRecord, fresh: readonly Launch[]): number {
  const { profile } = planner;
  let beyond = 0;
  for (const key of new Set(fresh.map(({ reach }) => reachKey(reach)))) {
    const isHere = (thing: Pick<Job | Runner, "profile" | "reach">) =>
      thing.profile === profile && thing.reach !== null && reachKey(thing.reach) === key;
    const wanted = [...jobs.values()].filter((job) => isHere(job) && isDemand(job)).length;
    const slots = launchSlots(planner).filter(
      ({ runner, launch }) => reachKey(launch.reach) === key && !runners.has(runner),
    );
    const coming = [...runners.values()].filter((runner) => isHere(runner) && isSupply(runner)).length + slots.length;
    const asked = fresh.filter(({ reach }) => reachKey(reach) === key).flatMap((launch) => launch.slots).length;
    beyond += Math.max(0, Math.min(asked, coming - wanted));
  }
  return beyond;
}

export function placeOf({ profile, reach }: Pick<Job | Runner, "profile" | "reach">): string {
  return `${profile ?? ""} ${reach === null ? "" : reachKey(reach)}`;
}

/** Somebody cancelled it, and it goes on; its agent may be cut off for a while. */
function unstoppedJobs({ jobs }: Picture, now: Instant): readonly Wrong[] {
  return [...jobs.values()]
    .filter(({ cancelRequestedAt }) => cancelRequestedAt !== null && cancelRequestedAt < now - 6 * minute)
    .map(({ key }) => ({
      ...{ name: `unstopped ${key}`, promise: "I1", names: [key], minutes: 4 },
      what: `job ${key} was cancelled long ago and is not over`,
    }));
}

/** Nothing goes wrong any more, there is room, and yet it waits. */
function idledJobs({ jobs, machines, caps, calmAt }: Picture, forge: ForgeTruth, now: Instant): readonly Wrong[] {
  if (calmAt === undefined || now < calmAt + restMs) return [];
  const isFull = (profile: string) =>
    machines.size >= caps.fleet ||
    [...machines.values()].filter((machine) => machine.profile === profile).length >= caps.profile;
  return [...jobs.values()]
    .filter((job) => isDemand(job) && job.profile !== null && job.runner === null && !isFull(job.profile))
    .filter(({ key, id }) => key !== jobKey(id) || forge.open.has(id))
    .map(({ key }) => ({
      ...{ name: `idled ${key}`, promise: "I1", names: [key], minutes: 5 },
      what: `job ${key} waits though there is room and nothing is wrong`,
    }));
}

/** It waits, no machine is on its way to it, and nothing says why. */
function silentJobs({ jobs, runners, planners }: Picture, now: Instant): readonly Wrong[] {
  const isComing = (id: string) => {
    const runner = runners.get(id);
    return runner !== undefined && !isStopping(runner);
  };
  return [...jobs.values()].flatMap((job): readonly Wrong[] => {
    if (isHeld(job) || !isDemand(job) || job.reach === null || job.profile === null) return [];
    if (job.runner !== null && isComing(job.runner)) return [];
    const runner = runners.get(job.runner ?? "");
    if (explainJob({ job, planner: planners.get(job.profile), runner, nearest: null, now }).reason !== null) return [];
    const { key, state } = job;
    return [
      {
        ...{ name: `silent ${key}`, promise: "I7", names: [key], minutes: 4 },
        what: `job ${key} is ${state}, and neither a machine nor a reason is there`,
      },
    ];
  });
}
