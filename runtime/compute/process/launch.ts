/**
 * Makes one machine. In order: folder, record, job folder and group, process, process in the record, orders.
 * The orders come last: an agent without them does nothing, so whatever the record does not name never ran.
 */
import { mkdir } from "node:fs/promises";
import type { AgentBoot } from "../../core/agent-protocol";
import type { LaunchRequest, MachineOutcome } from "../../core/ports";
import type { ProfileSettings } from "../../core/settings";
import { enterGroup, makeGroup, removeGroup } from "./cgroup";
import type { Host } from "./host";
import { jobDirOf, makeJobDir } from "./job-folder";
import { claimUser } from "./job-user";
import { refusalOf } from "./launch-refusal";
import { LaunchRefusal } from "../../core/launch-refusal";
import { isMachineName } from "../../core/machine-name";
import { type MachineRecord, machineDir, readRecord, writeRecord } from "./machine-record";
import { markerVariables } from "../../core/marker";
import { type SpawnedAgent, agentEnvironment, giveOrders, spawnAgent } from "./spawn-agent";
import { removeMachine } from "./terminate";
import { errorCode, errorText } from "../../core/error-facts";

export interface LaunchOptions {
  readonly agentCommand: readonly string[];
  readonly serverUrl: () => string;
  readonly urlFile: string;
  readonly socket?: string;
  readonly cacheDir: string;
  readonly profile: (name: string) => ProfileSettings | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly onExit: (machine: string) => void;
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
  const folder = await enterFolder(host, runner);
  if (folder === "ran") return { runner, outcome: "launched", machine: runner };
  const refusal = folder === "new" ? await refusalIn(() => make(host, options, wanted)) : folder;
  if (refusal === undefined) return { runner, outcome: "launched", machine: runner };
  host.log.warn("machine not launched", { runner, launch: wanted.launch, error: refusal.message });
  if (folder === "new") await discard(host, runner);
  return { runner, outcome: refusal.outcome, detail: refusal.message };
}

async function refusalIn(action: () => Promise<unknown>): Promise<LaunchRefusal | undefined> {
  try {
    await action();
    return undefined;
  } catch (error) {
    return refusalOf(error);
  }
}

/**
 * `ran`: its agent had its orders, whatever became of it. Remains of a try that a crash ended are cleared away first.
 * Throws when it cannot be found out, for then a machine may run.
 */
async function enterFolder(host: Host, runner: string): Promise<"new" | "ran" | LaunchRefusal> {
  if (!isMachineName(runner)) return new LaunchRefusal("misconfigured", "the runner id is not fit for a folder's name");
  const dir = machineDir(host.runnersDir, runner);
  const refusal = await refusalIn(() => mkdir(host.runnersDir, { recursive: true, mode: 0o700 }));
  if (refusal !== undefined) return refusal;
  try {
    await mkdir(dir, { mode: 0o700 });
    return "new";
  } catch (error) {
    if (errorCode(error) !== "EEXIST") return refusalOf(error);
  }
  const record = await readRecord(dir);
  if (record === "unreadable" || (record !== "absent" && record.agent !== null)) return "ran";
  await removeMachine(host, runner);
  await mkdir(dir, { mode: 0o700 });
  return "new";
}

async function make(host: Host, options: LaunchOptions, wanted: Wanted): Promise<void> {
  const profile = options.profile(wanted.profile);
  if (profile === undefined) {
    throw new LaunchRefusal("misconfigured", `profile ${wanted.profile} is not configured any more; add it again`);
  }
  const prepared = await prepare(host, options, { wanted, profile });
  await makeJobDir(prepared);
  const dir = machineDir(host.runnersDir, wanted.runner);
  const marker = { launch: wanted.launch, runner: wanted.runner, home: host.runnersDir };
  const spawned = await spawnAgent({
    command: options.agentCommand,
    dir,
    env: agentEnvironment(options.environment, markerVariables({ ...marker, role: "agent" })),
  });
  try {
    const grouped = await intoGroup(host, prepared, { pid: spawned.pid, profile });
    const startTime = host.table.startTime(spawned.pid) ?? "";
    await writeRecord(dir, { ...grouped, agent: { pid: spawned.pid, startTime } });
    const jobMarker = markerVariables({ ...marker, role: "job" });
    await giveOrders(spawned.child, bootOf(grouped, options, { wanted, dir, marker: jobMarker }));
  } catch (error) {
    spawned.child.kill("SIGKILL");
    throw error;
  }
  watch(host, options, { ...spawned, runner: wanted.runner });
  host.log.info("agent started", { runner: wanted.runner, launch: wanted.launch, agentPid: spawned.pid });
}

/** One at a time, so that a uid is taken once. */
async function prepare(
  host: Host,
  options: LaunchOptions,
  { wanted, profile }: { readonly wanted: Wanted; readonly profile: ProfileSettings },
): Promise<MachineRecord> {
  const { launch, runner } = wanted;
  return host.alone(async () => {
    const record = {
      launch,
      runner,
      profile: profile.name,
      user: host.asRoot ? await claimUser(host, runner, firstUidOf(profile)) : null,
      jobDir: jobDirOf(host, runner),
      cgroup: host.groups.pathFor(runner),
      agent: null,
    };
    await writeRecord(machineDir(host.runnersDir, runner), record);
    return record;
  });
}

function firstUidOf({ name, compute }: ProfileSettings): number {
  if (compute.kind === "process") return compute.firstUid;
  throw new LaunchRefusal("misconfigured", `profile ${name} asks for compute ${compute.kind} by now`);
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
    ...(options.socket === undefined ? {} : { socket: options.socket }),
    bootToken: given.wanted.bootToken,
    stateDir: given.dir,
    jobDir: record.jobDir,
    ...(record.user === null ? {} : { user: record.user }),
    marker: given.marker,
    cacheDir: options.cacheDir,
    // A user id is no wall against code from anybody.
    refusesForks: true,
  };
}

/** So that the same runner can be launched again once the cause is gone. What cannot be removed stays listed. */
async function discard(host: Host, runner: string): Promise<void> {
  if (!isMachineName(runner)) return;
  try {
    await removeMachine(host, runner);
  } catch (error) {
    host.log.error("remains of a failed launch could not be removed", { runner, error: errorText(error) });
  }
}
