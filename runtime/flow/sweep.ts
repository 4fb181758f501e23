/**
 * Sweep: find what is overdue or out of step, and repair it. Everything here is a second chance: in good times other
 * flows did it all before. Each step stands alone, so that one that fails does not keep the others from running.
 */
import { breakerFailed } from "../core/breaker";
import { isGone, jobTraits, runnerTraits } from "../core/lifecycle";
import { reachKey, type Runner } from "../core/model";
import type { Compute, DueItem, Machine, Ports } from "../core/ports";
import type { ReasonCode } from "../core/reasons";
import { heard } from "../core/runner-moves";
import { applyToJob, findJob, runnerTimes, updatePlanner } from "./moves";
import { planLaunches } from "./plan-launches";
import { endMachine, loseRunner, retireRunner } from "./retire-runner";
import { measureJob } from "./measure-job";

const dueAtOnce = 200;
const purgedAtOnce = 200;

export async function sweep(ports: Ports): Promise<void> {
  const steps: readonly (readonly [string, () => Promise<void>])[] = [
    ["deadlines", () => sweepDeadlines(ports)],
    ["machines", () => sweepMachines(ports)],
    ["plans", () => sweepPlans(ports)],
    ["retention", () => sweepRetention(ports)],
  ];
  const failures: unknown[] = [];
  for (const [step, run] of steps) {
    try {
      await run();
    } catch (error) {
      ports.log.error("sweep step failed", { step, error });
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, "sweep failed in part");
}

async function sweepDeadlines(ports: Ports): Promise<void> {
  const now = ports.clock.now();
  for (const item of await ports.ledger.due(now, dueAtOnce)) {
    const repair = item.kind === "job" ? await expireJob(item, ports) : await expireRunner(item, ports);
    if (repair !== undefined) ports.meter.count("onejob_sweep_repairs_total", { kind: repair });
  }
}

async function expireJob(item: DueItem & { kind: "job" }, ports: Ports): Promise<string | undefined> {
  const now = ports.clock.now();
  const job = await findJob(item.key, item.profile, ports);
  if (job === undefined) return undefined;
  const { job: after, moved } = await applyToJob(
    job,
    (current) => {
      if (current.deadlineAt === null || current.deadlineAt > now) return undefined;
      const unheard = jobTraits[current.state].underWay && current.cancelRequestedAt !== null;
      if (unheard) return { event: "cancelled", at: now, reason: "cancelled-by-user", exitCode: null };
      return { event: "expired", at: now };
    },
    ports,
  );
  if (moved) measureJob(after, ports.meter);
  return moved ? (after.reason ?? "expired") : undefined;
}

async function expireRunner(item: DueItem & { kind: "runner" }, ports: Ports): Promise<string | undefined> {
  const now = ports.clock.now();
  const runner = await ports.ledger.readRunner(item.profile, item.id);
  if (runner === undefined || runner.deadlineAt === null || runner.deadlineAt > now) return undefined;
  switch (runnerTraits[runner.state].deadline) {
    case "boot":
      await countFailure(runner, "boot-failing", ports);
      await loseRunner(runner, "boot-timeout", ports);
      return "boot-timeout";
    case "idle":
      await retireRunner({ profile: runner.profile, runner: runner.id, reason: "idle-timeout" }, ports);
      return "idle-timeout";
    case "silence":
      return lookAfter(runner, ports);
    case "stop":
      await endMachine(runner, ports);
      return "stop";
    case null:
      return undefined;
  }
}

/** A silent agent is never killed for its silence: the compute says whether its machine lives. */
async function lookAfter(runner: Runner, ports: Ports): Promise<string | undefined> {
  const machines = await ports.compute(runner.compute)?.list();
  const machine = machines?.find((candidate) => candidate.machine === runner.machine);
  if (machine?.alive === true) {
    const { lastHeartbeatAt } = runner;
    const trusted = heard(runner, ports.clock.now(), runnerTimes(ports, runner.profile));
    await ports.ledger.saveRunner({ ...trusted, lastHeartbeatAt });
    return undefined;
  }
  await loseRunner(runner, "agent-lost", ports);
  return "agent-lost";
}

async function countFailure(runner: Runner, reason: ReasonCode, ports: Ports): Promise<void> {
  const planner = await ports.ledger.readPlanner(runner.profile);
  const key = reachKey(runner.reach);
  const now = ports.clock.now();
  await updatePlanner(
    planner,
    (current) => ({ breakers: { ...current.breakers, [key]: breakerFailed(current.breakers[key], reason, now) } }),
    ports,
  );
}

/** What the computes have against what the ledger knows, both ways. */
async function sweepMachines(ports: Ports): Promise<void> {
  const kinds = new Set(ports.settings().profiles.map((profile) => profile.compute.kind));
  const profiles = await ports.ledger.listProfiles();
  for (const kind of kinds) {
    const compute = ports.compute(kind);
    if (compute === undefined) continue;
    // Machines first: whatever is listed was reserved in the ledger before, and is found there now.
    const began = ports.clock.now();
    const machines = await compute.list();
    const views = await Promise.all(profiles.map((profile) => ports.ledger.readProfile(profile)));
    const runners = views.flatMap((view) => view.runners).filter((runner) => runner.compute === kind);
    const open = new Set(views.flatMap((view) => view.planner.launches.map((launch) => launch.id)));
    await endOrphans({ machines, runners, open }, compute, ports);
    await loseVanished({ machines, runners, began }, compute, ports);
  }
}

interface Compared {
  readonly machines: readonly Machine[];
  readonly runners: readonly Runner[];
}

/** Machines nobody knows: their launch is closed and no live runner is theirs. */
async function endOrphans(
  found: Compared & { open: ReadonlySet<string> },
  compute: Compute,
  ports: Ports,
): Promise<void> {
  const known = new Set(found.runners.map((runner) => runner.machine));
  const orphans = found.machines.filter((machine) => !known.has(machine.machine) && !found.open.has(machine.launch));
  if (orphans.length === 0) return;
  ports.log.warn("machines without a runner are ended", { machines: orphans.map((machine) => machine.machine) });
  await compute.terminate(orphans.map((machine) => machine.machine));
  ports.meter.count("onejob_sweep_repairs_total", { kind: "orphan" }, orphans.length);
}

async function loseVanished(found: Compared & { began: number }, compute: Compute, ports: Ports): Promise<void> {
  const alive = new Set(found.machines.filter((machine) => machine.alive).map((machine) => machine.machine));
  for (const runner of found.runners) {
    const settled = runner.createdAt + compute.listLagMs <= found.began;
    if (alive.has(runner.machine) || !settled || isGone(runner.state)) continue;
    const current = await ports.ledger.readRunner(runner.profile, runner.id);
    if (current === undefined || isGone(current.state)) continue;
    if (runnerTraits[current.state].deadline === "boot") await countFailure(current, "boot-failing", ports);
    const stopping = runnerTraits[current.state].deadline === "stop";
    await loseRunner(current, "agent-lost", ports);
    if (!stopping) ports.meter.count("onejob_sweep_repairs_total", { kind: "agent-lost" });
  }
}

/** Level, not edge: whatever word was lost, each profile is planned from what is written. */
async function sweepPlans(ports: Ports): Promise<void> {
  const configured = ports.settings().profiles.map((profile) => profile.name);
  for (const profile of new Set([...configured, ...(await ports.ledger.listProfiles())])) {
    await planLaunches(profile, ports);
  }
}

async function sweepRetention(ports: Ports): Promise<void> {
  const before = ports.clock.now() - ports.settings().retention.finishedMs;
  for (const { job } of await ports.ledger.purge(before, purgedAtOnce)) {
    await ports.files.dropLog(job);
    await ports.files.dropBundle(job);
  }
}
