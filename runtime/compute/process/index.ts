/** Machines that are process trees on the server's own machine. What that means, and what not: `readme.md`. */
import { mkdirSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { endedMachines } from "../../core/ended-machines";
import { isMachineName } from "../../core/machine-name";
import { allOf } from "../../core/settled";
import { identityByToken } from "../../core/token-identity";
import { turns } from "../../core/turns";
import type { Compute, Log, MachineOutcome, Tokens } from "../../core/ports";
import type { ProfileSettings } from "../../core/settings";
import type { Enforcement, GroupBase } from "./cgroup";
import { controlGroups } from "./control-groups";
import type { Host } from "./host";
import { type LaunchOptions, type Wanted, launchMachine, wantedMachines } from "./launch";
import { listMachines } from "./list";
import { processTable } from "./process-table";
import { terminateMachine } from "./terminate";

export type { Enforcement } from "./cgroup";

export interface ProcessOptions {
  /** `<data folder>/runners`; made when absent. */
  readonly runnersDir: string;
  /** Program and arguments of the agent. */
  readonly agentCommand: readonly string[];
  readonly serverUrl: () => string;
  /** Where agents keep what many machines need. @default "cache" beside the runners' folder */
  readonly cacheDir?: string;
  /** Where an agent finds the server's address again after it moved. */
  readonly urlFile: string;
  /** The server's Unix socket, out of reach of jobs; agents that are given one use nothing else. */
  readonly socket?: string;
  readonly profile: (name: string) => ProfileSettings | undefined;
  /** Boot tokens are minted for the runner's id. */
  readonly tokens: Pick<Tokens, "check">;
  readonly log: Log;
  /** An agent started by this server ended. Makes things faster; not every end is told. */
  readonly onExit?: (machine: string) => void;
  /** Whether each job gets a user of its own. @default whether we are root */
  readonly asRoot?: boolean;
  /** Where job folders are made as root. @default the system's folder for temporary files */
  readonly jobsRoot?: string;
  /** Where servers that run as root on one machine agree on uids. @default "/run/onejob/users" */
  readonly claimsDir?: string;
  /** Where groups stand, whose numbers no job gets. @default "/etc/group" */
  readonly groupFile?: string;
  /** Of which PATH, HOME and LANG go on to the agent. @default the server's own */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** How long an agent may take to leave by itself, in milliseconds. @default 2000 */
  readonly graceMs?: number;
  /** @default "/proc" */
  readonly procDir?: string;
  /** The control group to make machines' groups in; `null`: do without. @default found out */
  readonly groupBase?: GroupBase | null;
}

export interface ProcessCompute extends Compute {
  readonly kind: "process";
  /** What holds on this machine, to be shown as it is. */
  enforcement(): Enforcement;
}

export function processCompute(options: ProcessOptions): ProcessCompute {
  const waiting = turns();
  const host = hostOf(options, (action) => waiting("", action));
  const ended = endedMachines();
  const launching = launchOptions(options);
  return {
    kind: "process",
    wall: host.asRoot ? "user" : "none",
    listLagMs: 0,
    enforcement: () => host.groups.enforcement(),
    async launch(request) {
      const one = async (wanted: Wanted): Promise<MachineOutcome> =>
        ended.has(wanted.runner)
          ? { runner: wanted.runner, outcome: "launched", machine: wanted.runner }
          : launchMachine(host, launching, wanted);
      const all = wantedMachines(request).map((wanted) => waiting(wanted.runner, () => one(wanted)));
      return allOf(await Promise.allSettled(all), "the launch");
    },
    async terminate(machines) {
      const ours = machines.filter(isMachineName);
      for (const machine of ours) ended.add(machine);
      const end = (machine: string) => waiting(machine, () => terminateMachine(host, machine));
      allOf(await Promise.allSettled(ours.map(end)), "the end");
    },
    list: () => listMachines(host),
    identify: (proof) => Promise.resolve(identityByToken(proof, options.tokens)),
  };
}

function hostOf(options: ProcessOptions, alone: Host["alone"]): Host {
  const table = processTable(options.procDir);
  const otherwise = table.complete ? "marker" : "group";
  const base = options.groupBase === undefined ? {} : { base: options.groupBase };
  return {
    runnersDir: resolvedDir(options.runnersDir),
    jobsRoot: options.jobsRoot ?? tmpdir(),
    claimsDir: options.claimsDir ?? "/run/onejob/users",
    accounts: { users: "/etc/passwd", groups: options.groupFile ?? "/etc/group" },
    asRoot: options.asRoot ?? process.geteuid?.() === 0,
    alone,
    table,
    groups: controlGroups({ otherwise, log: options.log, ...base }),
    log: options.log,
    graceMs: options.graceMs ?? 2_000,
  };
}

/** Markers carry this path and are compared as text, so it must be the same one at every start. */
function resolvedDir(dir: string): string {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    return realpathSync(dir);
  } catch {
    // Said where it matters: by each launch.
    return resolve(dir);
  }
}

function launchOptions(options: ProcessOptions): LaunchOptions {
  const { agentCommand, serverUrl, urlFile, socket, profile } = options;
  return {
    agentCommand,
    serverUrl,
    urlFile,
    ...(socket === undefined ? {} : { socket }),
    profile,
    cacheDir: options.cacheDir ?? join(dirname(resolve(options.runnersDir)), "cache"),
    environment: options.environment ?? process.env,
    onExit: options.onExit ?? (() => undefined),
  };
}
