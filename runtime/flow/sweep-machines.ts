/** What the computes have against what the ledger knows, both ways. */
import { isGone, isStopping } from "../core/lifecycle";
import { runnerIds } from "../core/log-ids";
import type { Instant, ProfileView, Runner } from "../core/model";
import type { Compute, Machine, Ports } from "../core/ports";
import type { EachAlone } from "./each-alone";
import { allViews } from "./moves";
import { loseRunner } from "./retire-runner";

/** Answers what the ledger says, for others in the same sweep. */
export async function sweepMachines(ports: Ports, alone: EachAlone): Promise<readonly ProfileView[]> {
  const configured = new Set<string>(ports.settings().profiles.map((profile) => profile.compute.kind));
  const views = await sweepComputes([...configured], ports, alone);
  // Also those that no profile names any more: their machines would never be looked at again.
  const used = new Set(views.flatMap((view) => view.runners.map((runner) => runner.compute)));
  const others = [...used].filter((kind) => !configured.has(kind));
  return others.length === 0 ? views : sweepComputes(others, ports, alone);
}

interface Listed {
  readonly compute: Compute;
  readonly began: Instant;
  readonly machines: readonly Machine[];
}

async function sweepComputes(
  kinds: readonly string[],
  ports: Ports,
  alone: EachAlone,
): Promise<readonly ProfileView[]> {
  const listed: Listed[] = [];
  await alone.run(
    kinds.flatMap((kind) => ports.compute(kind) ?? []),
    async (compute) => {
      const began = ports.clock.now();
      listed.push({ compute, began, machines: await compute.list() });
    },
    ({ kind }) => ({ compute: kind }),
  );
  // Machines first: whatever is listed was reserved in the ledger before, and is found there now.
  const views = await allViews(ports);
  for (const found of listed) await repair({ ...found, ...recordsOf(found.compute, views) }, ports, alone);
  return views;
}

interface Compared extends Listed {
  readonly runners: readonly Runner[];
  /** Launches without an answer. */
  readonly open: ReadonlySet<string>;
}

function recordsOf({ kind }: Compute, views: readonly ProfileView[]): Pick<Compared, "runners" | "open"> {
  const runners = views.flatMap((view) => view.runners).filter((runner) => runner.compute === kind);
  return { runners, open: new Set(views.flatMap((view) => view.planner.launches.map((launch) => launch.id))) };
}

async function repair(found: Compared, ports: Ports, alone: EachAlone): Promise<void> {
  await alone.run(
    orphansOf(found),
    async ({ machine, launch, runner }) => {
      ports.log.warn("machine without a runner is ended", { machine, launch, runner });
      await found.compute.terminate([machine]);
      ports.meter.count("onejob_sweep_repairs_total", { kind: "orphan" });
    },
    ({ machine, launch, runner }) => ({ machine, launch, runner }),
  );
  await alone.run(vanishedOf(found), (runner) => loseVanished(runner, ports), runnerIds);
}

/** Their launch is closed, and no live runner is theirs. One that does not say its launch may belong to any open one. */
function orphansOf({ machines, runners, open }: Compared): readonly Machine[] {
  const known = new Set(runners.map((runner) => runner.machine));
  const isOpen = ({ launch }: Machine) => (launch === null ? open.size > 0 : open.has(launch));
  return machines.filter((machine) => !known.has(machine.machine) && !isOpen(machine));
}

function vanishedOf({ machines, runners, began, compute }: Compared): readonly Runner[] {
  const alive = new Set(machines.filter((machine) => machine.alive).map((machine) => machine.machine));
  return runners.filter((runner) => !alive.has(runner.machine) && runner.createdAt + compute.listLagMs <= began);
}

async function loseVanished(runner: Runner, ports: Ports): Promise<void> {
  const current = await ports.ledger.readRunner(runner.profile, runner.id);
  if (current === undefined || isGone(current.state)) return;
  // Its own deadline brings a stopping one again; here it would be tried with every sweep.
  if (isStopping(current)) return;
  const lost = await loseRunner(current, { reason: "agent-lost", still: () => true }, ports);
  if (lost) ports.meter.count("onejob_sweep_repairs_total", { kind: "agent-lost" });
}
