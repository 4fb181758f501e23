/**
 * Sweep: find what is overdue or out of step, and repair it. Everything here is a second chance: in good times other
 * flows did it all before. Every item stands alone, so that one that fails does not keep the others from their repair.
 */
import type { DueItem, Ports } from "../core/ports";
import { EachAlone } from "./each-alone";
import { Listings } from "./listings";
import { allProfiles } from "./moves";
import { sweepUnnamed } from "./name-jobs";
import { expireJob } from "./overdue-job";
import { expireRunner, type Looking } from "./overdue-runner";
import { planLaunches } from "./plan-launches";
import { endOrphans, loseVanished, lookAtMachines, type Looked } from "./sweep-machines";
import { TimeShare } from "./time-share";
import { sweepTwins } from "./twins";

const dueAtOnce = 200;
/** Else a backlog would look as if we had been away, and be given time for that. */
const dueRounds = 20;
const purgedAtOnce = 200;

export interface SweptFleet {
  /** That were not gone when it looked. */
  readonly runners: number;
}

/** Throws when something failed; all the rest was done, and it comes again. */
export async function sweep(ports: Ports): Promise<SweptFleet> {
  const alone = new EachAlone(ports.log);
  let looked: Looked = { views: [], compared: [] };
  const steps = {
    // What costs money and is nobody's waits for no source.
    orphans: async () => {
      looked = await lookAtMachines(ports, alone);
      await endOrphans(looked, ports, alone);
    },
    deadlines: () => sweepDeadlines(ports, alone),
    vanished: () => loseVanished(looked, ports, alone),
    twins: () => sweepTwins(looked.views, ports, alone),
    plans: () => sweepPlans(ports, alone),
    unnamed: () => sweepUnnamed(looked.views, ports, alone),
    retention: () => sweepRetention(ports),
  };
  await alone.run(
    Object.entries(steps),
    ([, step]) => step(),
    ([step]) => ({ step }),
  );
  alone.done("sweep");
  return { runners: looked.views.reduce((sum, view) => sum + view.runners.length, 0) };
}

async function sweepDeadlines(ports: Ports, alone: EachAlone): Promise<void> {
  const looking = { ports, listings: new Listings(ports) };
  const time = new TimeShare(ports.clock);
  for (let round = 0; round < dueRounds && !time.isOver(); round += 1) {
    const due = await ports.ledger.due(ports.clock.now(), dueAtOnce);
    await expire(time.for(due), looking, alone);
    if (due.length < dueAtOnce) return;
  }
}

async function expire(due: Iterable<DueItem>, looking: Looking, alone: EachAlone): Promise<void> {
  const { ports } = looking;
  await alone.runSideBySide(
    due,
    async (item) => {
      const repair = item.kind === "job" ? await expireJob(item, ports) : await expireRunner(item, looking);
      if (repair !== undefined) ports.meter.count("onejob_sweep_repairs_total", { kind: repair });
    },
    (item) =>
      item.kind === "job" ? { job: item.key, profile: item.profile } : { runner: item.id, profile: item.profile },
  );
}

/** Level, not edge: whatever word was lost, each profile is planned from what is written. */
async function sweepPlans(ports: Ports, alone: EachAlone): Promise<void> {
  await alone.run(
    await allProfiles(ports),
    (profile) => planLaunches(profile, ports, { isRound: true }),
    (profile) => ({ profile }),
  );
}

async function sweepRetention(ports: Ports): Promise<void> {
  const before = ports.clock.now() - ports.settings().retention.finishedMs;
  for (const { job } of await ports.ledger.purge(before, purgedAtOnce)) {
    await ports.files.dropLog(job);
    await ports.files.dropBundle(job);
  }
}
