/**
 * Admit: what a source told us becomes a job, or moves one. Events may come twice, late and in any order; the first one
 * of a job creates it, whatever it says, so that a `queued` overtaken by `finished` starts nothing.
 */
import { isOurs } from "../core/routing";
import type { JobEvent, JobFacts } from "../core/events";
import { isInDoubt, movesFor } from "../core/event-moves";
import { isInterruptedThere } from "../core/interruption";
import { moveJob, newJob, type JobMove, type JobPlace } from "../core/job-moves";
import { isDemand, isFinal } from "../core/lifecycle";
import { jobIds } from "../core/log-ids";
import type { Job, Runner } from "../core/model";
import type { Ports } from "../core/ports";
import { bindRunner, findRunner } from "./bind-runner";
import { pastOf, runAgain } from "./interruption";
import { applyToJob, findJob } from "./moves";
import { bestProfile, joinRunner, placeForNow, placeOf, placeUnasked } from "./place-job";

interface Seen {
  readonly receivedAt: number;
  readonly delivery: string;
}

/** A new job of ours. Called again with the same key it answers the job that stands. */
export async function admitJob(facts: JobFacts, seen: Seen, ports: Ports): Promise<Job> {
  const { job, isNew } = await admit(facts, seen, ports);
  if (!isNew) await askForPlan(job, ports);
  return job;
}

async function admit(facts: JobFacts, seen: Seen, ports: Ports): Promise<Admitted> {
  const { place, again } = await placeForNow(facts, ports);
  const admitted = await create(facts, { place, seen }, ports);
  if (again.length > 0) await ports.queue.send(again);
  if (admitted.isNew) await askForPlan(admitted.job, ports);
  return admitted;
}

interface Admitted {
  readonly job: Job;
  /** `false`: it stood there before. */
  readonly isNew: boolean;
}

async function create(
  facts: JobFacts,
  { place, seen }: { readonly place: JobPlace; readonly seen: Seen },
  ports: Ports,
): Promise<Admitted> {
  const job = { ...newJob(facts, place, { ...seen, now: ports.clock.now() }), ...(await pastOf(facts, ports)) };
  const created = await ports.ledger.createJob(job);
  if (!created.written) return { job: created.current ?? job, isNew: false };
  tellAdmitted(created.record, seen, ports);
  return { job: created.record, isNew: true };
}

function tellAdmitted(job: Job, { delivery }: Pick<Seen, "delivery">, ports: Ports): void {
  const { key, labels, state, reason, origin } = job;
  // What was handed to us came by no delivery of anybody.
  const by = delivery === key ? {} : { delivery };
  ports.log.info("job admitted", { ...jobIds(job), ...by, run: origin?.run ?? null, labels, state, reason });
}

async function askForPlan(job: Job, ports: Ports): Promise<void> {
  if (job.profile !== null && isDemand(job)) await ports.queue.send([{ kind: "plan", profile: job.profile }]);
}

export async function admitEvent(event: JobEvent, ports: Ports): Promise<void> {
  // Side by side, as they mostly lie in one place.
  const near = bestProfile(event.facts, ports)?.name ?? null;
  const [found, runner] = await Promise.all([findStanding(event, ports), findRunner(event.runnerName, near, ports)]);
  const standing = found ?? (await admitFirst(event, runner, ports));
  if (standing !== undefined) await hear(event, { standing, runner }, ports);
}

/** `queued` is mostly the first word, and the write that makes the job finds one that stands there: it is sought elsewhere. */
function findStanding({ kind, facts }: JobEvent, ports: Ports): Promise<Job | undefined> {
  if (kind === "queued") return ports.ledger.readJob(facts.key);
  return findJob(facts.key, bestProfile(facts, ports)?.name ?? null, ports);
}

async function hear(
  event: JobEvent,
  { standing, runner }: { readonly standing: Job; readonly runner: Runner | undefined },
  ports: Ports,
): Promise<void> {
  // Whoever heard it first may have died before a plan was made.
  if (event.kind === "queued") await askForPlan(standing, ports);
  const told = isInDoubt(standing, event) ? await askAgain(standing, event, ports) : event;
  const by = told.runnerName === event.runnerName ? runner : await findRunner(told.runnerName, standing.profile, ports);
  const twins = await twinsOf(standing, ports);
  const first = by === undefined ? standing : await joinRunner(standing, by, ports);
  for (const job of [first, ...twins]) await applyEvent(told, { job, runner: by }, ports);
}

/** A crash while a job moved leaves it in both places: both hear what becomes of it, also when the one has heard it before. */
async function twinsOf({ key, profile, barred, state }: Job, ports: Ports): Promise<readonly Job[]> {
  if (profile !== null && barred === null && !isFinal(state)) return [];
  const found = await ports.ledger.findJobs(key, mostTwins);
  return found.filter((job) => job.key === key && job.profile !== profile);
}

const mostTwins = 5;

/** Two words that may have overtaken each other: how it stands there now decides. */
async function askAgain(job: Job, event: JobEvent, ports: Ports): Promise<JobEvent> {
  const stands = await ports.source(job.source)?.jobState(job);
  return stands === undefined ? event : { ...stands, delivery: event.delivery };
}

/**
 * The first word of a job may be its last: then it is written as it stands now, and wants no runner. Answers the job that
 * stood there all the same, which has still to hear of it.
 */
async function admitFirst(event: JobEvent, runner: Runner | undefined, ports: Ports): Promise<Job | undefined> {
  const { facts, receivedAt, delivery } = event;
  if (!isOurs(facts.labels, ports.settings().profiles)) {
    ports.meter.count("onejob_webhooks_total", { source: facts.source, outcome: "not-ours" });
    ports.log.info("job is for none of our runners", { job: facts.key, delivery, labels: facts.labels });
    return undefined;
  }
  if (event.kind === "queued") {
    const { job, isNew } = await admit(facts, { receivedAt, delivery }, ports);
    return isNew ? undefined : job;
  }
  // The delivery counts as handled only once its own move is made.
  const mayWait = event.kind === "waiting";
  const there = runner && placeOf(runner, ports);
  const told = { place: placeUnasked(facts, ports, there), again: [] };
  const { place, again } = mayWait ? await placeForNow(facts, ports) : told;
  await applyEvent(event, { job: await createMoved(event, { place, runner }, ports), runner }, ports);
  if (again.length > 0) await ports.queue.send(again);
  return undefined;
}

/** In one write, so that nobody plans for it in between. */
async function createMoved(
  event: JobEvent,
  { place, runner }: { readonly place: JobPlace; readonly runner: Runner | undefined },
  ports: Ports,
): Promise<Job> {
  const { facts, receivedAt } = event;
  const now = ports.clock.now();
  const past = await pastOf(facts, ports);
  const fresh: Job = { ...newJob(facts, place, { receivedAt, now, delivery: "" }), ...past, deliveries: [] };
  const moved = movesFor(event, runner).reduce((job, move) => moveJob(job, move, place.profile)?.job ?? job, fresh);
  const created = await ports.ledger.createJob({ ...moved, version: 1 });
  if (!created.written) return created.current ?? moved;
  tellAdmitted(created.record, event, ports);
  return created.record;
}

async function applyEvent(
  event: JobEvent,
  { job, runner: found }: { readonly job: Job; readonly runner: Runner | undefined },
  ports: Ports,
): Promise<void> {
  let runner = found;
  const moves = movesFor(event, runner);
  const willBeInterrupted = !isFinal(job.state) && moves.some(isInterruption);
  if (event.succeeded !== true && (willBeInterrupted || isInterruptedThere(job))) await runAgain(job, ports);
  let stands = job;
  for (const step of moves) {
    stands = (await applyToJob(stands, () => step, ports)).job;
    if (runner !== undefined) runner = await bindRunner(runner, { job: stands, at: event.at }, ports);
  }
}

function isInterruption(move: JobMove): boolean {
  return move.event === "failed" && move.reason === "interrupted";
}
