/** Starts an agent that outlives us: own session, no way back to our terminal, and nothing secret to be seen on it. */
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:fs";
import { access, open } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import type { AgentBoot } from "../../core/agent-protocol";
import { LaunchRefusal } from "../../core/launch-refusal";
import { errorCode } from "../../core/error-facts";

export interface AgentSpawn {
  readonly command: readonly string[];
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface SpawnedAgent {
  readonly pid: number;
  readonly child: ChildProcess;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The server's own environment may hold credentials: only what a program cannot do without goes on. */
export function agentEnvironment(base: Environment, marker: Readonly<Record<string, string>>): Record<string, string> {
  const kept = { PATH: base["PATH"] ?? "/usr/local/bin:/usr/bin:/bin", HOME: base["HOME"], LANG: base["LANG"] };
  const given = Object.entries(kept).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  return { ...marker, ...Object.fromEntries(given) };
}

export async function spawnAgent(options: AgentSpawn): Promise<SpawnedAgent> {
  const [program, ...args] = options.command;
  if (program === undefined) throw new LaunchRefusal("misconfigured", "no agent command is set");
  await requireFiles(options.command);
  const output = await open(join(options.dir, "agent.log"), "a", 0o600);
  try {
    const child = spawn(program, args, {
      cwd: options.dir,
      env: options.env,
      detached: true,
      stdio: ["pipe", output.fd, output.fd],
    });
    await spawned(child, program);
    const { pid } = child;
    if (pid === undefined) throw new LaunchRefusal("misconfigured", `the agent ${program} got no process id`);
    return { pid, child };
  } finally {
    await output.close();
  }
}

/** A missing script would only show as a machine that never reports. */
async function requireFiles(command: readonly string[]): Promise<void> {
  for (const file of command.filter((word) => isAbsolute(word))) {
    await access(file, constants.R_OK).catch((error: unknown) => {
      const detail = `the agent's file ${file} cannot be read (${errorCode(error)}); install or build Onejob again`;
      throw new LaunchRefusal("misconfigured", detail, { cause: error });
    });
  }
}

async function spawned(child: ChildProcess, program: string): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => child.once("spawn", resolve).once("error", reject));
  } catch (error) {
    if (!["ENOENT", "EACCES", "ENOEXEC"].includes(errorCode(error) ?? "")) throw error;
    const detail = `the agent ${program} cannot be started (${errorCode(error)}); install or build Onejob again`;
    throw new LaunchRefusal("misconfigured", detail, { cause: error });
  }
}

/** The agent does nothing before this line; without it, it ends at the end of its input. */
export async function giveOrders(child: ChildProcess, boot: AgentBoot): Promise<void> {
  const { stdin } = child;
  if (stdin === null) return;
  // An agent that died already cannot read: that shows when the machine never reports.
  await new Promise<void>((resolve) => {
    stdin.once("error", () => resolve());
    stdin.end(`${JSON.stringify(boot)}\n`, () => resolve());
  });
  stdin.destroy();
  child.unref();
}
