/** What is wrong at this moment and has to be put right in time. Each wrong has a name, so that it is known again. */
import type { Instant, Job } from "../../runtime/core/model";
import { reachKey } from "../../runtime/core/model";
import { explainJob } from "../../runtime/core/why";
import { demandOf, isFree, isWanted, seemsFree, supplyOf, type Truth } from "./demand";
import type { Breach } from "./judge";
import type { Picture } from "./picture";
import { forgeName, jobKey } from "./sim-forge";

export interface Wrong extends Breach {
  /** The same from one look to the next. */
  readonly name: string;
  /** How long it may stand: minutes in which a sweep came to its end, and whom it takes to repair it answered. */
  readonly minutes: number;
  /** And so many times the forge was asked meanwhile what stands differently there, and answered. */
  readonly rounds?: number;
  /** It counts as well while the compute answers nothing. */
  readonly despiteCloud?: boolean;
}

interface Scene {
  readonly picture: Picture;
  readonly truth: Truth;
  readonly now: Instant;
}

const minute = 60_000;
/** How long a machine that was asked for may be without an answer, until its job has to say so. */
const askedMs = 2 * minute;
/** How long what went wrong before may hold jobs up: the longest time that an image is bad, and the next probe of a breaker. */
const restMs = 80 * minute;
/** The longest life a machine may have: boot, idle, its job, and twice the time that a silent agent is given. */
const longestLifeMs = 120 * minute;

export function standingWrongs(picture: Picture, truth: Truth, now: Instant): readonly Wrong[] {
  const scene = { picture, truth, now };
  return [
    ...overdueJobs(scene),
    ...unheardJobs(scene),
    ...jobsBehind(scene),
    ...copiedJobs(scene),
    ...strayMachines(scene),
    ...unpairedMachines(scene),
    ...overdueRunners(scene),
    ...surplus(scene),
    ...silentJobs(scene),
    ...unstoppedJobs(scene),
    ...idledJobs(scene),
  ];
}

/** Somebody looked at what is due since, and has done something about it. */
function isOverdue({ deadlineAt }: { readonly deadlineAt: Instant | null }, { picture, now }: Scene): boolean {
  return deadlineAt !== null && deadlineAt < now - 1.5 * Math.max(minute, picture.pace.sweepMs);
}

function overdueJobs(scene: Scene): readonly Wrong[] {
  return [...scene.picture.jobs.values()]
    .filter((job) => isOverdue(job, scene))
    .map(({ key, state }) => ({
      ...{ name: `overdue ${key}`, promise: "I1", names: [key], minutes: 5 },
      what: `job ${key} is ${state} past its deadline`,
    }));
}

/** The forge offers a job of ours, and nobody here knows of it. */
function unheardJobs({ picture: { jobs, ended }, truth: { forge } }: Scene): readonly Wrong[] {
  return [...forge.open.values()]
    .filter(({ id, state }) => state === "queued" && !jobs.has(jobKey(id)) && !ended.has(jobKey(id)))
    .map(({ id }) => ({
      ...{ name: `unheard ${id}`, promise: "I1", names: [jobKey(id)], minutes: 10, rounds: 2 },
      what: `job ${id} waits at the forge and is not known here`,
    }));
}

/** What a job is here while it is so at the forge. */
const alike: Readonly<Record<string, readonly Job["state"][]>> = {
  queued: ["queued", "starting"],
  waiting: ["waiting"],
  in_progress: ["running"],
};

function jobsBehind({ picture: { jobs }, truth: { forge } }: Scene): readonly Wrong[] {
  return [...jobs.values()].flatMap(({ key, id, source, state }): readonly Wrong[] => {
    const there = source === forgeName ? forge.jobs.get(id)?.state : undefined;
    if (there === undefined || alike[there]?.includes(state) === true) return [];
    const common = { name: `behind ${key} ${there}`, promise: "I1", names: [key], minutes: 10, rounds: 2 } as const;
    return [{ ...common, what: `job ${key} is ${state} here and ${there} at the forge` }];
  });
}

/** It ended in one profile, and waits in another. */
function copiedJobs({ picture: { copies } }: Scene): readonly Wrong[] {
  return [...copies.values()].map(({ key, state, profile }) => ({
    ...{ name: `copied ${key}`, promise: "I8", names: [key], minutes: 10, rounds: 2 },
    what: `job ${key} has ended, and is ${state} in ${profile ?? "no profile"}`,
  }));
}

function strayMachines({ picture, now }: Scene): readonly Wrong[] {
  const { machines, runners, planners } = picture;
  const open = new Set([...planners.values()].flatMap((planner) => planner.launches.map(({ id }) => id)));
  return [...machines.values()].flatMap(({ runner, launch, startedAt }): readonly Wrong[] => {
    const common = { promise: "I2", names: [runner, launch] } as const;
    if (now - startedAt > longestLifeMs)
      return [{ ...common, name: `old ${runner}`, what: `machine ${runner} lives and lives`, minutes: 0 }];
    if (runners.has(runner) || open.has(launch)) return [];
    return [{ ...common, name: `stray ${runner}`, what: `machine ${runner} runs, and no record knows it`, minutes: 8 }];
  });
}

/** Nobody knows whose it was to be, nor does it. */
function unpairedMachines({ truth: { cloud }, now }: Scene): readonly Wrong[] {
  return [...cloud.unpaired]
    .filter(([, { startedAt }]) => now - startedAt > minute)
    .map(([machine]) => ({
      ...{ name: `unpaired ${machine}`, promise: "I2", names: [machine], minutes: 8 },
      what: `machine ${machine} runs for nobody`,
    }));
}

function overdueRunners(scene: Scene): readonly Wrong[] {
  return [...scene.picture.runners.values()]
    .filter((runner) => isOverdue(runner, scene))
    .map(({ id, state }) => ({
      ...{ name: `overdue ${id}`, promise: "I2", names: [id], minutes: 5 },
      what: `runner ${id} is ${state} past its deadline`,
    }));
}

/** By place: machines that could take a job, beyond the jobs that want one. */
function surplus({ picture, truth }: Scene): readonly Wrong[] {
  const demand = demandOf(picture, truth);
  // One whose launch is open is nobody's to stop yet: who made it may have died, and it is made again first.
  const open = new Set([...picture.planners.values()].flatMap(({ launches }) => launches.map(({ id }) => id)));
  const isSettled = (runner: string) =>
    picture.runners.has(runner) || !open.has(picture.machines.get(runner)?.launch ?? "");
  return [...supplyOf(picture, truth)]
    .map(([place, free]) => [place, free.filter(isSettled)] as const)
    .flatMap(([place, free]) =>
      // The last ones made: while demand falls, those that were wanted a minute ago are none for that long.
      free.slice(demand.get(place) ?? 0).map((runner) => ({
        ...{ name: `surplus ${runner}`, promise: "I6" as const, names: [runner], minutes: 4 },
        what: `${free.length} machines, ${runner} among them, wait for ${demand.get(place) ?? 0} jobs of ${place}`,
      })),
    );
}

/** Somebody cancelled it, and it goes on; its agent may be cut off for a while. */
function unstoppedJobs({ picture: { jobs }, now }: Scene): readonly Wrong[] {
  return [...jobs.values()]
    .filter(({ cancelRequestedAt }) => cancelRequestedAt !== null && cancelRequestedAt < now - 6 * minute)
    .map(({ key }) => ({
      ...{ name: `unstopped ${key}`, promise: "I1", names: [key], minutes: 4 },
      what: `job ${key} was cancelled long ago and is not over`,
    }));
}

/** Nothing goes wrong any more, there is room, and yet it waits. */
function idledJobs({ picture, truth, now }: Scene): readonly Wrong[] {
  const { jobs, ended, machines, caps, calmAt } = picture;
  if (calmAt === undefined || now < calmAt + restMs) return [];
  // What waited too long for us still stands at the forge, which gives it our machines first.
  if ([...truth.forge.open.keys()].some((id) => ended.get(jobKey(id)) === "expired")) return [];
  const count = (name: string) => [...machines.values()].filter(({ profile }) => profile === name).length;
  const isFull = (name: string) => machines.size >= caps.fleet || count(name) >= (caps.profiles[name] ?? 0);
  return [...jobs.values()]
    .filter((job) => isWanted(job, truth) && !isFull(job.profile ?? ""))
    .map(({ key }) => ({
      ...{ name: `idled ${key}`, promise: "I1", names: [key], minutes: 5 },
      what: `job ${key} waits though there is room and nothing is wrong`,
    }));
}

/** It waits, no machine is on its way to it, and nothing says why. */
function silentJobs(scene: Scene): readonly Wrong[] {
  return [...scene.picture.jobs.values()].flatMap((job): readonly Wrong[] => {
    if (!isWanted(job, scene.truth) || isComing(job, scene)) return [];
    const { key, state, runner } = job;
    const common = { promise: "I7", names: [key], despiteCloud: true, ...patienceWith(job, scene) } as const;
    const written = reasonOf(job, scene);
    const told = whatPeopleSee(job, scene);
    if (written === null && told === null)
      return [
        {
          ...common,
          name: `silent ${key} ${runner}`,
          what: `job ${key} is ${state}, and neither a machine nor a reason is there`,
        },
      ];
    if (told === null)
      return [
        {
          ...common,
          name: `hushed ${key} ${runner}`,
          what: `job ${key} is ${state}, its machine has another job, and nobody is shown that it waits for ${written}`,
        },
      ];
    return [];
  });
}

/** Two planners in a row may have died while they held the lease; whose job its machine took may have to be asked for. */
function patienceWith({ runner }: Job, { picture: { runners, pace } }: Scene): Pick<Wrong, "minutes" | "rounds"> {
  const record = runners.get(runner ?? "");
  const isUnnamed = record?.begunAt !== undefined && record.job === null;
  const minutes = 2 + 2 * Math.ceil(pace.leaseMs / minute) + (isUnnamed ? 6 : 0);
  // Only the forge knows that it has begun something: neither its agent nor a webhook has said so.
  return record !== undefined && seemsFree(record) ? { minutes, rounds: 1 } : { minutes };
}

/** The machine meant for it runs and has no other job, or was asked for a moment ago. */
function isComing({ key, runner }: Job, { picture, truth, now }: Scene): boolean {
  const isAsked = [...picture.planners.values()].some(({ launches }) =>
    launches.some(({ claimedAt, slots }) => now - claimedAt < askedMs && slots.some(({ job }) => job === key)),
  );
  if (isAsked) return true;
  // Nobody can find out that it died.
  const record = picture.runners.get(runner ?? "");
  if (truth.cloud.isDown && record !== undefined && seemsFree(record)) return true;
  const machine = picture.machines.get(runner ?? "");
  return machine !== undefined && (isFree(machine, truth) || !(truth.agents.get(machine.runner)?.begun ?? false));
}

/** As it is written down. */
function reasonOf({ profile, reach, reason }: Job, { picture: { planners } }: Scene): string | null {
  const blocked = reach === null ? undefined : planners.get(profile ?? "")?.blocked[reachKey(reach)];
  return reason ?? blocked?.reason ?? null;
}

function whatPeopleSee(job: Job, { picture: { planners, runners }, now }: Scene): string | null {
  const planner = planners.get(job.profile ?? "");
  return explainJob({ job, planner, runner: runners.get(job.runner ?? ""), nearest: null, now }).reason;
}
