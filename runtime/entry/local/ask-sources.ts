/** Asks forges from time to time for what no webhook told: jobs, lost deliveries, runners without a machine. */
import type { Instant } from "../../core/model";
import type { Ports } from "../../core/ports";
import type { GithubSourceSettings } from "../../core/settings";
import { discoverJobs, recoverDeliveries, removeGhosts } from "../../flow/ask-source";
import { placeAllAnew } from "../../flow/place-job";
import { every, type Repeating } from "./every";

interface Chore {
  readonly everyMs: number;
  readonly run: (ports: Ports) => Promise<unknown>;
}

const tickMs = 250;
const placeEveryMs = 10 * 60_000;

/** Each chore is due at once at the start: what came while nobody listened is found first. */
export function askSources(ports: Ports): Repeating {
  const begunAt = new Map<string, Instant>();
  const running = new Set<Promise<void>>();
  const busy = new Set<string>();
  const begin = (name: string, chore: Chore): void => {
    const now = ports.clock.now();
    const before = begunAt.get(name) ?? 0;
    // A clock that was set back must not stop everything until it catches up.
    if (busy.has(name) || (now >= before && now - before < chore.everyMs)) return;
    begunAt.set(name, now);
    busy.add(name);
    const task = chore
      .run(ports)
      .then(
        () => undefined,
        (error: unknown) => ports.log.warn("a source could not be asked, it is tried again", { chore: name, error }),
      )
      .finally(() => {
        busy.delete(name);
        running.delete(task);
      });
    running.add(task);
  };
  const tick = async (): Promise<void> => {
    await Promise.resolve();
    for (const [name, chore] of choresOf(ports)) begin(name, chore);
  };
  const ticking = every(() => tickMs, tick);
  return {
    async stop() {
      await ticking.stop();
      await Promise.all(running);
    },
  };
}

function choresOf(ports: Ports): readonly (readonly [string, Chore])[] {
  const forges = ports.settings().sources.filter((source) => source.kind === "github");
  const places: Chore = { everyMs: placeEveryMs, run: placeAllAnew };
  return [["places", places], ...forges.flatMap(choresOfForge)];
}

function choresOfForge({ name, intake, poll, recovery }: GithubSourceSettings): readonly (readonly [string, Chore])[] {
  const everyMs = intake === "webhook" ? recovery.jobsMs : poll.intervalMs;
  const jobs: Chore = { everyMs, run: (ports) => discoverJobs(name, ports) };
  const ghosts: Chore = { everyMs: recovery.runnersMs, run: (ports) => removeGhosts(name, ports) };
  const deliveries: Chore = { everyMs: recovery.deliveriesMs, run: (ports) => recoverDeliveries(name, ports) };
  const webhooks = intake === "poll" ? [] : [[`${name}: deliveries`, deliveries] as const];
  return [[`${name}: jobs`, jobs], [`${name}: ghosts`, ghosts], ...webhooks];
}
