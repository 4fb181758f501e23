/** The pass of each minute: what is overdue or out of step is repaired, and sources are asked for what no webhook told. */
import { longestLaunchMs } from "../../compute/ec2";
import type { FleetFacts } from "../../core/fleet-facts";
import type { Ports } from "../../core/ports";
import { sweep } from "../../flow/sweep";
import { choresOf } from "../host/chores";
import { boundedPorts } from "./bounded-ports";
import { choreTimes, type ChoreTimes } from "./chore-times";
import { fleetComputes } from "./fleet-computes";
import { openFleetPorts } from "./fleet-ports";
import { changeWatch } from "./forgive-changes";
import { hosting, type Handler } from "./hosting";
import type { EmfMeter } from "./emf-meter";
import { once } from "./once";
import { takeLease } from "./sweep-lease";
import { limitMs } from "./time-limit";

/** What was begun last gets this long to end before the function is cut off: a launch, and writing down what came of it. */
const graceMs = longestLaunchMs + 5_000;
/** Of that, for as long as anything may be written. */
const endingMs = longestLaunchMs + 2_000;
const usualMs = 60_000;
/** How often the function is called anyway: a sweep of every minute needs no note of its own. */
const callEveryMs = 60_000;

export interface Swept {
  /** `false`: another sweep goes on, or it is not time yet. */
  readonly swept: boolean;
}

export function createSweep(facts: FleetFacts): Handler<unknown, Swept> {
  const host = hosting("sweep", facts);
  const open = once(async () => {
    const opened = await openFleetPorts(facts, host, { computes: fleetComputes });
    return { ...opened, times: choreTimes(opened.ports), forgive: changeWatch(facts) };
  });
  return host.handler(async (_event, context) => {
    const { ports, loadSettings, times, forgive } = await open();
    await loadSettings();
    const lease = await takeLease(ports);
    if (lease === undefined) return { swept: false };
    const until = ports.clock.now() + limitMs(context, { graceMs, usualMs });
    const isOver = (): boolean => ports.clock.now() >= until || !lease.holds();
    const isCut = (): boolean => ports.clock.now() >= until + endingMs || !lease.holds();
    try {
      await forgive(ports);
      return await sweepOnce(boundedPorts(ports, { isOver, isCut }), { times, meter: host.meter });
    } finally {
      lease.release();
      if (isOver()) ports.log.warn("sweep ended by its time limit, the next one goes on", {});
    }
  });
}

/** Each part whatever becomes of the others; one that failed makes the whole fail, so that somebody notices. */
async function sweepOnce(
  ports: Ports,
  { times, meter }: { readonly times: ChoreTimes; readonly meter: EmfMeter },
): Promise<Swept> {
  const settings = ports.settings();
  const { intervalMs } = settings.sweep;
  const isDue = intervalMs <= callEveryMs || (await times.isDue("sweep", intervalMs));
  const swept = isDue ? sweep(ports) : Promise.resolve(undefined);
  const [outcome] = await Promise.allSettled([
    swept,
    ...choresOf(settings).map((chore) => runIfDue(chore, ports, times)),
  ]);
  if (outcome.status === "rejected") throw outcome.reason;
  if (outcome.value !== undefined) meter.gauge("onejob_runners", outcome.value.runners);
  return { swept: isDue };
}

/** A source that cannot be asked is no fault of the sweep: it is asked again when its time comes. */
async function runIfDue(chore: ReturnType<typeof choresOf>[number], ports: Ports, times: ChoreTimes): Promise<void> {
  try {
    if (await times.isDue(chore.name, chore.everyMs)) await chore.run(ports);
  } catch (error) {
    ports.log.warn("a source could not be asked, it is tried again", { chore: chore.name, error });
  }
}
