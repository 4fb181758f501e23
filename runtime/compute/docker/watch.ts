/** Waits for the ends of containers, so that an agent that died is seen at once. What it misses, `list` shows later. */
import { errorText } from "../../core/error-facts";
import type { Log } from "../../core/ports";
import type { Engine } from "./engine";
import { shortened } from "./engine-error";

export interface Watch {
  /** Watched already: no effect. */
  begin(engine: Engine, container: Watched): void;
  close(): void;
}

export interface Watched {
  readonly id: string;
  readonly machine: string;
}

export interface WatchOptions {
  readonly log: Log;
  readonly onExit: (machine: string) => void;
}

/** Enough for the agent's last words. */
const linesKept = 5;

export function watchContainers({ log, onExit }: WatchOptions): Watch {
  const watched = new Set<string>();
  let closed = false;

  const follow = async (engine: Engine, { id, machine }: Watched): Promise<void> => {
    try {
      const exitCode = await engine.ended(id);
      if (closed) return;
      const said = exitCode === 0 ? "" : await engine.lastLines(id, linesKept).catch(() => "");
      log.info("agent ended", { runner: machine, exitCode, ...(said === "" ? {} : { said: shortened(said) }) });
      onExit(machine);
    } catch (error) {
      // Removed, or its engine stopped: the next list begins anew.
      if (!closed) log.debug("container is not watched any more", { runner: machine, error: errorText(error) });
    } finally {
      watched.delete(id);
    }
  };

  return {
    begin(engine, container) {
      if (closed || watched.has(container.id)) return;
      watched.add(container.id);
      void follow(engine, container);
    },
    close() {
      closed = true;
    },
  };
}
