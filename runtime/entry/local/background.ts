/** What goes on without being asked: messages are worked off, the sweep runs, old logs go. */
import { isFinal } from "../../core/lifecycle";
import type { JobKey } from "../../core/model";
import { sweep } from "../../flow/sweep";
import { askSources } from "./ask-sources";
import { every } from "./every";
import type { LocalPorts } from "./local-ports";
import { startWorker } from "./worker";

const trimEveryMs = 60_000;

export interface Background {
  /** Begins nothing new; resolves when what was begun is done. */
  stop(): Promise<void>;
}

export function startBackground({ ports, disk }: LocalPorts): Background {
  const worker = startWorker(ports);
  const sweeping = every(
    () => ports.settings().sweep.intervalMs,
    // Each failed step was logged where it failed, and comes again.
    () =>
      sweep(ports).then(
        () => undefined,
        () => undefined,
      ),
  );
  const asking = askSources(ports);
  const trimming = every(
    () => trimEveryMs,
    () => trim().catch((error: unknown) => ports.log.warn("logs could not be trimmed", { error })),
  );

  async function trim(): Promise<void> {
    const maxBytes = ports.settings().retention.logsMiB * 1024 * 1024;
    const isFinished = async (key: JobKey) => {
      const job = await ports.ledger.readJob(key);
      return job === undefined || isFinal(job.state);
    };
    await disk.trimLogs(maxBytes, isFinished);
    await disk.trimBundles(maxBytes, isFinished);
  }

  return {
    async stop() {
      await Promise.all([worker.stop(), sweeping.stop(), asking.stop(), trimming.stop()]);
    },
  };
}
