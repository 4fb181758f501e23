/** What a forge has to be asked for by itself, because no webhook says it or one was lost. Each is safe to repeat. */
import type { JobEvent } from "../core/events";
import { isOurs } from "../core/routing";
import { isGone } from "../core/lifecycle";
import type { Ports } from "../core/ports";
import { admitEvent } from "./admit-events";
import { freshly, openJobs } from "./look-at-job";
import { allProfiles } from "./moves";

/** What stands differently at a source: jobs and moves that nobody told us of. */
async function findNews(name: string, ports: Ports): Promise<readonly JobEvent[]> {
  const source = ports.source(name);
  if (source === undefined || source.assigns) return [];
  const known = await openJobs(name, ports);
  const events = await source.findJobs(known);
  const byKey = new Map(known.map((job) => [job.key, job]));
  // Jobs of others would be found again with every look.
  const { profiles } = ports.settings();
  const ours = events.filter(({ facts }) => byKey.has(facts.key) || isOurs(facts.labels, profiles));
  return ours.map((event) => freshly(event, byKey.get(event.facts.key)));
}

/** The same, heard at once: for who must know before the next step. */
export async function hearNews(name: string, ports: Ports): Promise<void> {
  for (const event of await findNews(name, ports)) await admitEvent(event, ports);
}

/** Answers how many were found. */
export async function discoverJobs(name: string, ports: Ports): Promise<number> {
  const news = await findNews(name, ports);
  if (news.length > 0) {
    await ports.queue.send(news.map((event) => ({ kind: "job-event", event })));
    ports.log.info("jobs found by asking", { source: name, events: news.length });
  }
  return news.length;
}

/** Deliveries that never reached us are sent once more. */
export async function recoverDeliveries(name: string, ports: Ports): Promise<number> {
  const count = (await ports.source(name)?.redeliverLost()) ?? 0;
  if (count > 0) {
    ports.meter.count("onejob_sweep_repairs_total", { kind: "redelivered" }, count);
    ports.log.warn("lost deliveries are sent again", { source: name, count });
  }
  return count;
}

/** Runners that stand at the forge under a name of ours though their machine is gone. */
export async function removeGhosts(name: string, ports: Ports): Promise<number> {
  const profiles = await allProfiles(ports);
  const isOver = async (id: string): Promise<boolean> => {
    for (const profile of profiles) {
      const runner = await ports.ledger.readRunner(profile, id);
      // One that we never heard of may belong to another server under the same account.
      if (runner !== undefined) return isGone(runner.state);
    }
    return false;
  };
  const count = (await ports.source(name)?.removeGhosts(isOver)) ?? 0;
  if (count > 0) {
    ports.meter.count("onejob_sweep_repairs_total", { kind: "ghost" }, count);
    ports.log.warn("runners without a machine were removed at the source", { source: name, count });
  }
  return count;
}
