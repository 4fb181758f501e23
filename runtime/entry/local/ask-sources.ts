/** Asks forges from time to time for what no webhook told: jobs, lost deliveries, runners without a machine. */
import type { Instant } from "../../core/model";
import type { Ports } from "../../core/ports";
import { choresOf, type Chore } from "../host/chores";
import { every, type Repeating } from "./every";

const tickMs = 250;

/** Each chore is due at once at the start: what came while nobody listened is found first. */
export function askSources(ports: Ports): Repeating {
  const begunAt = new Map<string, Instant>();
  const running = new Set<Promise<void>>();
  const busy = new Set<string>();
  const begin = (chore: Chore): void => {
    const { name } = chore;
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
    for (const chore of choresOf(ports.settings())) begin(chore);
  };
  const ticking = every(() => tickMs, tick);
  return {
    async stop() {
      await ticking.stop();
      await Promise.all(running);
    },
  };
}
