/**
 * Makes one machine. In order: folder, record, job folder and group, process, process in the record, orders.
 * The orders come last: an agent without them does nothing, so whatever the record does not name never ran.
 */
import { mkdir } from "node:fs/promises";
import type { AgentBoot } from "../../core/agent-protocol";
import type { LaunchRequest, MachineOutcome } from "../../core/ports";
import type { ProfileSettings } from "../../core/settings";
import { enterGroup, makeGroup, removeGroup } from "./cgroup";
import { errnoOf } from "./errno";
import type { Host } from "./host";
import { jobDirOf, makeJobDir } from "./job-folder";
import { freeUser } from "./job-user";
import { killAll } from "./kill";
import { LaunchRefusal, refusalOf } from "./launch-refusal";
import { type MachineRecord, isMachineName, machineDir, readRecord, writeRecord } from "./machine-record";
import { markerVariables } from "./marker";
import { type SpawnedAgent, agentEnvironment, giveOrders, spawnAgent } from "./spawn-agent";
import { removeMachine } from "./terminate";

export interface LaunchOptions {
  readonly agentCommand: readonly string[];
  readonly serverUrl: () => string;
  readonly urlFile: string;
  readonly profile: (name: string) => ProfileSettings | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly onExit: (machine: string) => void;
  /** Lets in one at a time. */
  readonly alone: <T>(action: () => Promise<T>) => Promise<T>;
}

export interface Wanted {
  readonly launch: string;
  readonly profile: string;
  readonly runner: string;
  readonly bootToken: string;
}

export function wantedMachines(request: LaunchRequest): readonly Wanted[] {
  const { launch, profile } = request;
  return request.machines.map(({ runner, bootToken }) => ({ launch, profile, runner, bootToken }));
}

export async function launchMachine(host: Host, options: LaunchOptions, wanted: Wanted): Promise<MachineOutcome> {
  const { runner } = wanted;
  const launched = { runner, outcome: "launched", machine: runner } as const;
  try {
    const found = await enterFolder(host, runner);
    if (found === "ran") return launched;
    await make(host, options, { ...wanted, found });
    return launched;
  } catch (error) {
    const refusal = refusalOf(error);
    host.log.warn("machine not launched", { runner, launch: wanted.launch, error: refusal.message });
    await discard(host, runner);
    return { runner, outcome: refusal.outcome, detail: refusal.message };
  }
}

/** Whose folder is there: nobody's yet, one of a try that a crash ended, or one of a machine that ran. */
async function enterFolder(host: Host, runner: string): Promise<MachineRecord | "new" | "ran"> {
  if (!isMachineName(runner)) throw new LaunchRefusal("misconfigured", "the runner id is not fit for a folder's name");
  const dir = machineDir(host.runnersDir, runner);
  await mkdir(host.runnersDir, { recursive: true, mode: 0o700 });
  try {
    await mkdir(dir, { mode: 0o700 });
    return "new";
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
  }
  const record = await readRecord(dir);
  if (record === "absent") return "new";
  if (record === "unreadable" || record.agent !== null) return "ran";
  // It may have been spawned, though not been told anything: it must not be there twice.
  await killAll(host, runner, record);
  return record;
}

async function make(
  host: Host,
  options: LaunchOptions,
  wanted: Wanted & { readonly found: MachineRecord | "new" },
): Promise<void> {
  const profile = options.profile(wanted.profile);
  if (profile === undefined) {
    throw new LaunchRefusal("misconfigured", `profile ${wanted.profile} is not configured any more; add it again`);
  }
  const prepared = wanted.found === "new" ? await prepare(host, options, { wanted, profile }) : wanted.found;
  await makeJobDir(prepared);
  const dir = machineDir(host.runnersDir, wanted.runner);
  const marker = { launch: wanted.launch, runner: wanted.runner, home: host.runnersDir };
  const spawned = await spawnAgent({
    command: options.agentCommand,
    dir,
    env: agentEnvironment(options.environment, markerVariables({ ...marker, role: "agent" })),
  });
  const grouped = await intoGroup(host, prepared, { pid: spawned.pid, profile });
  const startTime = host.table.startTime(spawned.pid) ?? "";
  await writeRecord(dir, { ...grouped, agent: { pid: spawned.pid, startTime } });
  watch(host, options, { ...spawned, runner: wanted.runner });
  await giveOrders(
    spawned.child,
    bootOf(grouped, options, { wanted, dir, marker: markerVariables({ ...marker, role: "job" }) }),
  );
  host.log.info("machine launched", { runner: wanted.runner, launch: wanted.launch, pid: spawned.pid });
}

/** One at a time, so that a uid is taken once. */
async function prepare(
  host: Host,
  options: LaunchOptions,
  { wanted, profile }: { readonly wanted: Wanted; readonly profile: ProfileSettings },
): Promise<MachineRecord> {
  const { launch, runner } = wanted;
  return options.alone(async () => {
    const record = {
      launch,
      runner,
      profile: profile.name,
      user: host.asRoot ? await freeUser(host, profile.compute.firstUid) : null,
      jobDir: jobDirOf(host, runner),
      cgroup: host.groups.pathFor(runner),
      agent: null,
    };
    await writeRecord(machineDir(host.runnersDir, runner), record);
    return record;
  });
}

/** The agent still waits for its orders, so it has no child that could stay outside. */
async function intoGroup(
  host: Host,
  record: MachineRecord,
  { pid, profile }: { readonly pid: number; readonly profile: ProfileSettings },
): Promise<MachineRecord> {
  const support = host.groups.support();
  if (record.cgroup === null || support === undefined) return { ...record, cgroup: null };
  try {
    await makeGroup(record.cgroup, profile.limits, support);
    await enterGroup(record.cgroup, pid);
    return record;
  } catch (error) {
    host.groups.giveUp(error);
    await removeGroup(record.cgroup).catch(() => undefined);
    return { ...record, cgroup: null };
  }
}

function watch(
  host: Host,
  options: LaunchOptions,
  { child, runner }: SpawnedAgent & { readonly runner: string },
): void {
  const gone = (exitCode: number | null, signal: NodeJS.Signals | null) => {
    host.log.info("agent ended", { runner, exitCode, signal });
    options.onExit(runner);
  };
  if (child.exitCode === null && child.signalCode === null) child.once("exit", gone);
  else gone(child.exitCode, child.signalCode);
}

function bootOf(
  record: MachineRecord,
  options: LaunchOptions,
  given: { readonly wanted: Wanted; readonly dir: string; readonly marker: Readonly<Record<string, string>> },
): AgentBoot {
  return {
    url: options.serverUrl(),
    urlFile: options.urlFile,
    bootToken: given.wanted.bootToken,
    stateDir: given.dir,
    jobDir: record.jobDir,
    ...(record.user === null ? {} : { user: record.user }),
    marker: given.marker,
  };
}

/** So that the same runner can be launched again once the cause is gone. What cannot be removed stays listed. */
async function discard(host: Host, runner: string): Promise<void> {
  if (!isMachineName(runner)) return;
  try {
    await removeMachine(host, runner);
  } catch (error) {
    host.log.error("remains of a failed launch could not be removed", { runner, error: String(error) });
  }
}
