/** What the computes have against what the ledger knows, both ways. */
import { isGone, isStopping } from "../core/lifecycle";
import type { Instant, Runner } from "../core/model";
import type { Compute, Machine, Ports } from "../core/ports";
import type { EachAlone } from "./each-alone";
import { allViews } from "./moves";
import { loseRunner } from "./retire-runner";

export async function sweepMachines(ports: Ports, alone: EachAlone): Promise<void> {
  const configured = ports.settings().profiles.map((profile) => profile.compute.kind);
  // Also those that no profile names any more: their machines would never be looked at again.
  const used = (await allViews(ports)).flatMap((view) => view.runners.map((runner) => runner.compute));
  const computes = [...new Set([...configured, ...used])].flatMap((kind) => ports.compute(kind) ?? []);
  await alone.run(
    computes,
    (compute) => sweepCompute(compute, ports, alone),
    ({ kind }) => ({ compute: kind }),
  );
}

async function sweepCompute(compute: Compute, ports: Ports, alone: EachAlone): Promise<void> {
  const found = await compare(compute, ports);
  await alone.run(
    orphansOf(found),
    async ({ machine }) => {
      ports.log.warn("machine without a runner is ended", { machine });
      await compute.terminate([machine]);
      ports.meter.count("onejob_sweep_repairs_total", { kind: "orphan" });
    },
    ({ machine }) => ({ machine }),
  );
  await alone.run(
    vanishedOf(found, compute),
    (runner) => loseVanished(runner, ports),
    ({ id }) => ({ runner: id }),
  );
}

interface Compared {
  readonly began: Instant;
  readonly machines: readonly Machine[];
  readonly runners: readonly Runner[];
  /** Launches without an answer. */
  readonly open: ReadonlySet<string>;
}

/** Machines first: whatever is listed was reserved in the ledger before, and is found there now. */
async function compare(compute: Compute, ports: Ports): Promise<Compared> {
  const began = ports.clock.now();
  const machines = await compute.list();
  const views = await allViews(ports);
  const runners = views.flatMap((view) => view.runners).filter((runner) => runner.compute === compute.kind);
  const open = new Set(views.flatMap((view) => view.planner.launches.map((launch) => launch.id)));
  return { began, machines, runners, open };
}

/** Their launch is closed, and no live runner is theirs. One that does not say its launch may belong to any open one. */
function orphansOf({ machines, runners, open }: Compared): readonly Machine[] {
  const known = new Set(runners.map((runner) => runner.machine));
  const isOpen = ({ launch }: Machine) => (launch === null ? open.size > 0 : open.has(launch));
  return machines.filter((machine) => !known.has(machine.machine) && !isOpen(machine));
}

function vanishedOf({ machines, runners, began }: Compared, compute: Compute): readonly Runner[] {
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
