/** One agent, its folders and its fake server, for the tests of this folder. */
import { readFileSync, readdirSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AgentBoot, Assignment, BootOrders } from "../../runtime/core/agent-protocol";
import { usualPath } from "../../runtime/agent/job-environment";
import { JobProcesses } from "../../runtime/agent/job-processes";
import { jsonLog } from "../../runtime/agent/json-log";
import { defaultOptions } from "../../runtime/agent/options";
import type { AgentOptions } from "../../runtime/agent/options";
import { runAgent } from "../../runtime/agent/run-agent";
import type { AgentDeps } from "../../runtime/agent/run-agent";
import { FakeAgentServer, fakeRunner } from "../fakes/agent-server";
import type { FakeServerOptions } from "../fakes/agent-server";

export interface Bench {
  readonly server: FakeAgentServer;
  readonly boot: AgentBoot;
  readonly folder: string;
  readonly logLines: string[];
  /** Starts the agent; resolves with its exit code. */
  run(options?: Partial<AgentOptions>, deps?: Partial<AgentDeps>, orders?: Partial<BootOrders>): Promise<number>;
  shutDown(): void;
  close(): Promise<void>;
}

export function job(script: string, facts: Partial<Assignment> = {}): Assignment {
  return { ...jobOf(["sh", "-c", script]), ...facts };
}

export function jobOf(command: readonly string[]): Assignment {
  return { job: "api/local/01J", name: "a job", attempt: 1, command, env: {}, timeoutMs: 60_000, bundle: null };
}

let benches = 0;

export async function openBench(
  server: Omit<FakeServerOptions, "urlFile">,
  user?: { readonly uid: number; readonly gid: number },
): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), "onejob-agent-"));
  // The job's user must be able to pass through.
  await chmod(folder, 0o711);
  const fake = new FakeAgentServer({ ...server, urlFile: join(folder, "server.json") });
  await fake.start();
  benches += 1;
  const boot: AgentBoot = {
    url: fake.url,
    urlFile: join(folder, "server.json"),
    ...(server.socket === undefined ? {} : { socket: server.socket }),
    bootToken: "boot-token",
    stateDir: join(folder, "state"),
    jobDir: join(folder, "job"),
    ...(user === undefined ? {} : { user }),
    marker: { ONEJOB_RUNNER: `${fakeRunner}-${process.pid}-${benches}` },
  };
  await mkdir(boot.stateDir, { mode: 0o700 });
  const shutdown = new AbortController();
  const logLines: string[] = [];
  const run: Bench["run"] = (options = {}, deps = {}, orders = {}) =>
    runAgent({ ...boot, ...orders }, { ...agentDeps(boot, { logLines, shutdown: shutdown.signal, options }), ...deps });
  const close = async (): Promise<void> => {
    new JobProcesses(boot).killNow();
    await fake.die();
    await rm(folder, { recursive: true, force: true });
  };
  return { server: fake, boot, folder, logLines, run, shutDown: () => shutdown.abort(), close };
}

/** Commands of living processes that carry the runner's mark. */
export function markedProcesses(runner: string): readonly string[] {
  const read = (path: string): string => {
    try {
      return readFileSync(path, "latin1");
    } catch {
      return "";
    }
  };
  return readdirSync("/proc")
    .filter((name) => read(`/proc/${name}/environ`).includes(`ONEJOB_RUNNER=${runner}\0`))
    .map((name) => read(`/proc/${name}/cmdline`));
}

interface Wishes {
  readonly logLines: string[];
  readonly shutdown: AbortSignal;
  readonly options: Partial<AgentOptions>;
}

function agentDeps(boot: AgentBoot, { logLines, shutdown, options }: Wishes): AgentDeps {
  const clock = { now: () => Date.now() };
  return {
    clock,
    uptimeMs: () => performance.now(),
    random: { id: (length) => "n".repeat(length), fraction: () => 0.5 },
    log: jsonLog((line) => void logLines.push(line), clock),
    options: {
      ...defaultOptions,
      backoff: { firstMs: 5, maxMs: 50 },
      graceMs: 300,
      idlePollMs: 20,
      outputQuietMs: 50,
      ...options,
    },
    processes: new JobProcesses(boot),
    version: "0.0.0-test",
    bootedAt: Date.now(),
    inherited: { path: process.env["PATH"] ?? usualPath, language: "C.UTF-8" },
    shutdown,
  };
}
