/** What the computes have against what the ledger knows, both ways. */
import { isGone, isStopping } from "../core/lifecycle";
import { runnerIds } from "../core/log-ids";
import type { Instant, ProfileView, Runner } from "../core/model";
import type { Compute, Machine, Ports } from "../core/ports";
import type { EachAlone } from "./each-alone";
import { allViews } from "./moves";
import { loseRunner } from "./retire-runner";
import { TimeShare } from "./time-share";

export interface Looked {
  /** What the ledger says, for others in the same sweep. */
  readonly views: readonly ProfileView[];
  readonly compared: readonly Compared[];
}

export async function lookAtMachines(ports: Ports, alone: EachAlone): Promise<Looked> {
  const configured = new Set<string>(ports.settings().profiles.map((profile) => profile.compute.kind));
  const looked = await lookAtComputes([...configured], ports, alone);
  // Also those that no profile names any more: their machines would never be looked at again.
  const used = new Set(looked.views.flatMap((view) => view.runners.map((runner) => runner.compute)));
  const others = [...used].filter((kind) => !configured.has(kind));
  if (others.length === 0) return looked;
  const { views, compared } = await lookAtComputes(others, ports, alone);
  return { views, compared: [...looked.compared, ...compared] };
}

interface Listed {
  readonly compute: Compute;
  readonly began: Instant;
  readonly machines: readonly Machine[];
}

async function lookAtComputes(kinds: readonly string[], ports: Ports, alone: EachAlone): Promise<Looked> {
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
  return { views, compared: listed.map((found) => ({ ...found, ...recordsOf(found.compute, views) })) };
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

export async function endOrphans({ compared }: Looked, ports: Ports, alone: EachAlone): Promise<void> {
  for (const found of compared)
    await alone.run(
      orphansOf(found),
      async ({ machine, launch, runner }) => {
        ports.log.warn("machine without a runner is ended", { machine, launch, runner });
        await found.compute.terminate([machine]);
        ports.meter.count("onejob_sweep_repairs_total", { kind: "orphan" });
      },
      ({ machine, launch, runner }) => ({ machine, launch, runner }),
    );
}

export async function loseVanished({ compared }: Looked, ports: Ports, alone: EachAlone): Promise<void> {
  const vanished = new TimeShare(ports.clock).for(compared.flatMap(vanishedOf));
  await alone.runSideBySide(vanished, (runner) => loseOne(runner, ports), runnerIds);
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

async function loseOne(runner: Runner, ports: Ports): Promise<void> {
  const current = await ports.ledger.readRunner(runner.profile, runner.id);
  if (current === undefined || isGone(current.state)) return;
  // Its own deadline brings a stopping one again; here it would be tried with every sweep.
  if (isStopping(current)) return;
  const lost = await loseRunner(current, { reason: "agent-lost", still: () => true }, ports);
  if (lost) ports.meter.count("onejob_sweep_repairs_total", { kind: "agent-lost" });
}
