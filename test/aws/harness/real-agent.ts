/** The agent's own program on a machine of a running fleet, in this process; what it starts (a listener, a job) is real. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { JobProcesses } from "../../../runtime/agent/job-processes";
import { usualPath } from "../../../runtime/agent/job-environment";
import { jsonLog } from "../../../runtime/agent/json-log";
import { defaultOptions } from "../../../runtime/agent/options";
import { interruption } from "../../../runtime/agent/aws/watch-interruption";
import { runAgent } from "../../../runtime/agent/run-agent";
import type { AgentBoot } from "../../../runtime/core/agent-protocol";
import { nodeRandom } from "../../../runtime/entry/host/node-random";
import type { AgentLife } from "./agent-life";

const quick = { backoff: { firstMs: 5, maxMs: 100 }, graceMs: 2_000, idlePollMs: 100, outputQuietMs: 50 };

/** `log`: where its lines go. */
export const realAgent =
  (log: string[] = []) =>
  async ({ instance, fleet, agentUrl, clock, signal, rests, powerOff }: AgentLife): Promise<void> => {
    // Nobody sees from outside what it is at.
    const resting = setInterval(rests, 50);
    const folder = await mkdtemp(join(tmpdir(), "onejob-machine-"));
    const boot: AgentBoot = {
      ...{ url: agentUrl, stateDir: join(folder, "state"), jobDir: join(folder, "job") },
      marker: { ONEJOB_RUNNER: instance.machine.id },
      aws: { fleet, region: "eu-west-1" },
    };
    const processes = new JobProcesses(boot);
    const shutdown = new AbortController();
    const lines = jsonLog((line) => void log.push(line), clock);
    const imds = instance.metadata();
    const over = new AbortController();
    // A machine that ends takes along what runs on it.
    signal.addEventListener("abort", () => {
      shutdown.abort();
      processes.killNow();
    });
    const watching = interruption({ imds, log: lines, everyMs: 50, signal: over.signal }).then(
      (seen) => void (seen && shutdown.abort()),
    );
    try {
      await runAgent(boot, {
        ...{ clock, imds, processes, log: lines, shutdown: shutdown.signal },
        uptimeMs: () => performance.now(),
        random: { id: (length) => nodeRandom.id(length), fraction: () => 0.5 },
        options: { ...defaultOptions, ...quick },
        version: "0.0.0-test",
        bootedAt: clock.now(),
        inherited: { path: process.env["PATH"] ?? usualPath, language: "C.UTF-8" },
      });
    } finally {
      clearInterval(resting);
      over.abort();
      await watching;
      processes.killNow();
      await rm(folder, { recursive: true, force: true });
    }
    await powerOff();
  };
