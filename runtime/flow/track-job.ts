/**
 * Run: what an agent reports moves its runner and its job, one conditional write per move, each safe to be told twice.
 * An attempt that is no longer the job's current one is fenced: `stale-attempt`, and the agent stops.
 */
import {
  logChunkBytes,
  logLimitBytes,
  type AgentEvent,
  type AgentOrders,
  type HeartbeatRequest,
  type ReportRequest,
} from "../core/agent-protocol";
import { isForges } from "../core/api-source";
import { OnejobError } from "../core/errors";
import { holdsJob } from "../core/holding";
import { isFinal, isGone, isStopping } from "../core/lifecycle";
import type { Job, Runner } from "../core/model";
import type { Ports } from "../core/ports";
import { heard } from "../core/runner-moves";
import { parseSubject } from "../core/subject";
import { assignJob } from "./assign-job";
import { interruptRunner } from "./interruption";
import { beginUnknown, leaveForge, type Finished } from "./forge-agent";
import { applyToJob, applyToRunner, findJob, runnerTimes } from "./moves";
import { clearReach } from "./reach-state";
import { settleAttempt } from "./settle-attempt";

interface Scene {
  readonly runner: Runner;
  readonly job: Job | undefined;
}

/** The runner a lease token speaks for. */
export async function runnerOfLease(token: string, ports: Ports): Promise<Runner> {
  const subject = ports.tokens.check("lease", token);
  if (subject === undefined) throw new OnejobError("unauthorised", "the lease token");
  const { profile, id } = parseSubject(subject);
  const runner = await ports.ledger.readRunner(profile, id);
  if (runner === undefined || isGone(runner.state)) throw new OnejobError("stale-attempt", `runner ${id} is gone`);
  return runner;
}

export async function trackReport(runner: Runner, report: ReportRequest, ports: Ports): Promise<AgentOrders> {
  let scene = await openScene(runner, report.attempt, ports);
  const ends = report.events.some((event) => event.type === "finished");
  if (report.attempt > 0 && isOver(scene) && !ends) throw stale(runner, report.attempt);
  if (report.log && !isOver(scene)) await keepLog(report.log, scene, ports);
  for (const event of report.events) scene = await apply(event, scene, ports);
  return orders(scene, ports);
}

/** The agent stops at the limit by itself; one that does not is not believed. */
async function keepLog(log: NonNullable<ReportRequest["log"]>, { runner, job }: Scene, ports: Ports): Promise<void> {
  if (job === undefined || log.offset > logLimitBytes + logChunkBytes) return;
  await ports.files.appendLog(job.key, runner.logBase + log.offset, Buffer.from(log.data, "base64"));
}

export async function trackHeartbeat(runner: Runner, beat: HeartbeatRequest, ports: Ports): Promise<AgentOrders> {
  const scene = await openScene(runner, beat.attempt, ports);
  if (beat.attempt > 0 && isOver(scene)) throw stale(runner, beat.attempt);
  return orders(scene, ports);
}

/** Reads the job this attempt is about, and notes the sign of life when the last one is old. */
async function openScene(runner: Runner, attempt: number, ports: Ports): Promise<Scene> {
  const seen = await noteLife(runner, ports);
  if (attempt === 0) return { runner: seen, job: undefined };
  const job = seen.job === null ? undefined : await findJob(seen.job, seen.profile, ports);
  if (job === undefined || seen.attempt !== attempt || !holdsJob(seen, job)) throw stale(runner, attempt);
  return { runner: seen, job };
}

async function noteLife(runner: Runner, ports: Ports): Promise<Runner> {
  const now = ports.clock.now();
  const times = runnerTimes(ports, runner.profile);
  if (runner.lastHeartbeatAt !== null && now - runner.lastHeartbeatAt < times.silenceMs / 3) return runner;
  const saved = await ports.ledger.saveRunner(heard(runner, now, times));
  return saved.written ? saved.record : (saved.current ?? runner);
}

function isOver(scene: Scene): boolean {
  return scene.job !== undefined && isFinal(scene.job.state);
}

function stale(runner: Runner, attempt: number): OnejobError {
  return new OnejobError("stale-attempt", `runner ${runner.id}, attempt ${attempt}`);
}

async function apply(event: AgentEvent, scene: Scene, ports: Ports): Promise<Scene> {
  const at = ports.clock.now();
  switch (event.type) {
    case "listening":
      return { ...scene, runner: await listen(scene.runner, ports) };
    case "started": {
      if (scene.job === undefined) return { ...scene, runner: await beginUnknown(scene.runner, ports) };
      const move = { event: "started", at, runner: scene.runner.id, stages: scene.runner.stages } as const;
      const { job } = await applyToJob(
        scene.job,
        (current) => (holdsJob(scene.runner, current) ? move : undefined),
        ports,
      );
      const { runner } = await applyToRunner(scene.runner, () => ({ event: "started", at }), ports);
      return { job, runner };
    }
    case "interrupted":
      return { ...scene, runner: await interruptRunner(scene.runner, ports, event) };
    case "finished":
      return finish({ ...event, detail: plainText(event.detail) }, scene, ports);
  }
}

/** It ends up on somebody's terminal, and comes from a machine that ran anybody's job. */
function plainText(detail: string | null): string | null {
  return detail === null ? null : detail.replace(/[^\P{Cc}\n]/gu, "?");
}

async function listen(runner: Runner, ports: Ports): Promise<Runner> {
  const moved = await applyToRunner(runner, () => ({ event: "listening", at: ports.clock.now() }), ports);
  if (moved.moved) {
    await ports.ledger.dropEnrolment(runner.id);
    // A machine that reports in proves that machines of this reach do boot; at a forge only a job proves anything.
    if (!isForges(runner.reach)) await clearReach(moved.runner, ports);
  }
  return moved.runner;
}

/** The job first: a runner whose job is over is noticed, a job whose runner is over would wait for its deadline. */
async function finish(event: Finished, scene: Scene, ports: Ports): Promise<Scene> {
  const exitCode = event.exitCode ?? (event.signal === null ? null : 128 + event.signal);
  const outcome = { exitCode, reason: event.reason, detail: event.detail };
  const job = scene.job && (await settleAttempt(scene.job, { runner: scene.runner.id, outcome }, ports));
  if (isForges(scene.runner.reach)) await leaveForge(event, scene.runner, ports);
  const { runner } = await applyToRunner(
    scene.runner,
    () => ({ event: "finished", at: ports.clock.now(), reason: scene.job === undefined ? event.reason : null }),
    ports,
  );
  await ports.queue.send([{ kind: "retire", profile: runner.profile, runner: runner.id, reason: null }]);
  return { job, runner };
}

async function orders(scene: Scene, ports: Ports): Promise<AgentOrders> {
  const idle = scene.job === undefined && !isForges(scene.runner.reach);
  const { runner, job } = idle ? await assignJob(scene.runner, ports) : scene;
  const fresh = job !== undefined && !isFinal(job.state) && job.startedAt === null && job.work !== null;
  return {
    logOffset: job === undefined ? 0 : (await ports.files.logSize(job.key)) - runner.logBase,
    assignment: fresh && job.work ? { job: job.key, name: job.name, attempt: job.attempt, ...job.work } : null,
    cancel: job?.cancelRequestedAt != null,
    drain: runner.draining || isStopping(runner),
  };
}
