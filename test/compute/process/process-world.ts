/** A data folder of its own, a stand-in for the agent, and looks at what really runs. */
import { chmod, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ProcessCompute, type ProcessOptions, processCompute } from "../../../runtime/compute/process/index";
import { readRecord } from "../../../runtime/compute/process/machine-record";
import { processTable } from "../../../runtime/compute/process/process-table";
import type { AgentBoot } from "../../../runtime/core/agent-protocol";
import type { LaunchRequest, Log } from "../../../runtime/core/ports";
import type { ProfileSettings } from "../../../runtime/core/settings";
import type { ComputeWorld } from "../../contract/compute.contract";

export const isRoot = process.geteuid?.() === 0;
export const standIn = join(__dirname, "..", "..", "fixtures", "stand-in-agent.cjs");
const silent: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** Tests run side by side, and a job's user is ended with all it has: each runs on uids of its own. */
const firstUid = 20_000 + (process.pid % 400) * 100;

export const profile: ProfileSettings = {
  name: "small",
  labels: ["self-hosted"],
  compute: { kind: "process", firstUid },
  limits: { maxRunners: 8, memoryMiB: 256, cpus: 1 },
  timeouts: { bootMs: 1_000, idleMs: 1_000, jobMs: 1_000, queuedMs: 1_000, waitingMs: 1_000 },
  priority: 0,
};

export interface Ready {
  readonly boot: AgentBoot;
  readonly env: Readonly<Record<string, string>>;
  readonly argv: readonly string[];
}

export interface ProcessWorld extends ComputeWorld {
  readonly compute: ProcessCompute;
  readonly options: ProcessOptions;
  readonly base: string;
  readonly claimsDir: string;
  dirOf(runner: string): string;
  request(...runners: readonly string[]): LaunchRequest;
  /** What the stand-in saw, once it has done all it was told to. */
  ready(runner: string): Promise<Ready>;
  agentPid(runner: string): Promise<number>;
}

export interface WorldOptions extends Partial<ProcessOptions> {
  readonly behaviour?: readonly string[];
  /** `found`: those of this machine, if it grants any. */
  readonly groups?: "none" | "found";
}

/** An ordinary user unless said otherwise, and without control groups, as on most machines. */
export async function processWorld(given: WorldOptions = {}): Promise<ProcessWorld> {
  const { behaviour = [], groups = "none", ...overrides } = given;
  const base = await mkdtemp(join(tmpdir(), "onejob-test-"));
  // A job of its own user has to get through to its folder.
  await chmod(base, 0o711);
  const jobsRoot = join(base, "jobs");
  await mkdir(jobsRoot);
  await chmod(jobsRoot, 0o1777);
  const runnersDir = join(base, "data", "runners");
  const bootToken = (runner: string) => `boot.${runner}.s3cret`;
  const options: ProcessOptions = {
    runnersDir,
    agentCommand: [process.execPath, standIn, `stray=${jobsRoot}`, ...behaviour],
    serverUrl: () => "http://127.0.0.1:7433",
    urlFile: join(base, "data", "server.json"),
    profile: (name) => (name === profile.name ? profile : undefined),
    tokens: { check: (_kind, token) => /^boot\.(.*)\.s3cret$/.exec(token)?.[1] },
    log: silent,
    asRoot: false,
    jobsRoot,
    claimsDir: join(base, "users"),
    graceMs: 200,
    ...(groups === "found" ? {} : { groupBase: null }),
    ...overrides,
  };
  const compute = processCompute(options);
  const dirOf = (runner: string) => join(runnersDir, runner);
  const ready = async (runner: string): Promise<Ready> =>
    JSON.parse(await until(() => readFile(join(dirOf(runner), "ready.json"), "utf8").catch(() => undefined))) as Ready;
  const agentPid = async (runner: string) => {
    const record = await readRecord(dirOf(runner));
    if (typeof record === "string" || record.agent === null) throw new Error(`${runner} has no agent`);
    return record.agent.pid;
  };
  return {
    compute,
    options,
    base,
    claimsDir: options.claimsDir ?? "",
    profile: profile.name,
    dirOf,
    ready,
    agentPid,
    bootToken,
    request: (...runners) => ({
      launch: "launch-1",
      token: "token-1",
      profile: profile.name,
      machines: runners.map((runner) => ({ runner, bootToken: bootToken(runner) })),
    }),
    async starts(runner) {
      await ready(runner);
      return (await readFile(join(dirOf(runner), "starts"), "utf8")).trim().split("\n").length;
    },
    async kill(runner) {
      await ready(runner);
      const pid = await agentPid(runner);
      process.kill(pid, "SIGKILL");
      await dead(pid);
    },
    restart: () => Promise.resolve(processCompute(options)),
    settle: () => Promise.resolve(),
    async close() {
      const last = processCompute({ ...options, graceMs: 0 });
      await last.terminate((await last.list()).map(({ machine }) => machine));
      await rm(base, { recursive: true, force: true });
    },
  };
}

/** Asks until there is an answer; the runner's own time limit ends a wait for nothing. */
export async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await sleep(10);
  }
}

export async function dead(pid: number): Promise<void> {
  await until(() => Promise.resolve(processTable().startTime(pid) === undefined ? true : undefined));
}

/** Living processes that belong to the folder of this world, by marker, by user or by working folder. */
export function livingOf(world: ProcessWorld, pids: readonly number[]): readonly number[] {
  const found = processTable()
    .snapshot()
    .filter((entry) => entry.marker?.home === world.options.runnersDir || pids.includes(entry.pid));
  return found.map((entry) => entry.pid);
}

/** Of the processes that the stand-in's job made; they wrote them down themselves. */
export async function jobPids(world: ProcessWorld, runner: string): Promise<readonly number[]> {
  const { boot } = await world.ready(runner);
  const names = ["child", "daemon", "bare", ...(boot.user === undefined ? [] : ["escaped"])];
  return Promise.all(names.map(async (name) => Number(await readFile(join(boot.jobDir, `${name}.pid`), "utf8"))));
}
