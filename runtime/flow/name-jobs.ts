/**
 * Which job does a runner have? Its forge says so by a webhook, as a rule within a second. Until then it stands for a job
 * that seems to wait, and that one for nothing; so where the word does not come, the forge is asked.
 */
import { isForges } from "../core/api-source";
import { isAtWork } from "../core/lifecycle";
import type { Runner } from "../core/model";
import type { Ports } from "../core/ports";
import { hearNews } from "./ask-source";
import type { EachAlone } from "./each-alone";
import { lookAtJob } from "./look-at-job";
import { allViews } from "./moves";

/** How long after it began; later the source's own round of asking finds it. */
const askAfterMs = [30_000, 2 * 60_000, 5 * 60_000];

/** One call where it took the job it was made for; where it took another, all of the source's are looked through. */
export async function nameItsJob({ id, profile, meantFor, reach }: Runner, ports: Ports): Promise<boolean> {
  const isNamed = async () => (await ports.ledger.readRunner(profile, id))?.job !== null;
  if (meantFor !== null) await lookAtJob({ job: meantFor, profile }, ports);
  if (await isNamed()) return true;
  await hearNews(reach.source, ports);
  return isNamed();
}

/** Part of every sweep. */
export async function sweepUnnamed(ports: Ports, alone: EachAlone): Promise<void> {
  const now = ports.clock.now();
  const { intervalMs } = ports.settings().sweep;
  const isTime = ({ begunAt = now }: Runner) =>
    askAfterMs.some((ms) => now - begunAt >= ms && now - begunAt < ms + intervalMs);
  const unnamed = (await allViews(ports))
    .flatMap((view) => view.runners)
    .filter((runner) => isForges(runner.reach) && isAtWork(runner) && runner.job === null && isTime(runner));
  await alone.run(
    unnamed,
    async (runner) => {
      if (await nameItsJob(runner, ports)) ports.meter.count("onejob_sweep_repairs_total", { kind: "unnamed" });
    },
    ({ id }) => ({ runner: id }),
  );
}
