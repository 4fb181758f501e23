/** Starts the job's command: no shell, its own process group, nothing on its standard input. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, join } from "node:path";
import type { Readable } from "node:stream";
import type { AgentBoot } from "../core/agent-protocol";
import type { OutputPipe } from "./output-pipe";
import { errorCode } from "../core/error-facts";

export interface CommandSpec {
  readonly command: readonly string[];
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly user: AgentBoot["user"];
  /** `undefined`: Node's own pipes have to do. */
  readonly output: OutputPipe | undefined;
}

export interface CommandEnd {
  readonly exitCode: number | null;
  readonly signal: number | null;
}

export type StartedCommand =
  | {
      readonly ok: true;
      readonly pid: number;
      readonly ended: Promise<CommandEnd>;
      /** They end when no process of the job holds them any more. */
      readonly outputs: readonly Readable[];
    }
  /** What a shell would say and answer, and the system's own code. */
  | { readonly ok: false; readonly exitCode: 126 | 127; readonly line: string; readonly code: string };

export async function startCommand(spec: CommandSpec): Promise<StartedCommand> {
  const [program = ""] = spec.command;
  let child: ChildProcess;
  try {
    child = spawnChild(spec);
    await new Promise((resolve, reject) => child.once("spawn", resolve).once("error", reject));
  } catch (error) {
    return refusal(program, errorCode(error) ?? "unknown error", spec.environment["PATH"] ?? "");
  }
  const ended = new Promise<CommandEnd>((resolve) => {
    child.once("exit", (exitCode, name) => resolve({ exitCode, signal: name === null ? null : signalNumber(name) }));
  });
  const outputs = spec.output === undefined ? [child.stdout, child.stderr] : [spec.output.readEnd];
  return { ok: true, pid: child.pid ?? 0, ended, outputs: outputs.filter((output) => output !== null) };
}

function spawnChild({ command, folder, environment, user, output }: CommandSpec): ChildProcess {
  const [program = "", ...args] = command;
  const target = output?.writeEnd ?? "pipe";
  return spawn(program, args, {
    cwd: folder,
    env: environment,
    stdio: ["ignore", target, target],
    detached: true,
    ...user,
  });
}

function refusal(program: string, code: string, searchPath: string): StartedCommand {
  if (code === "ENOENT" || (code === "EACCES" && !exists(program, searchPath))) {
    return { ok: false, exitCode: 127, line: `onejob: command not found: ${program}\n`, code };
  }
  const problem = code === "EACCES" ? "not executable" : `cannot be run (${code})`;
  return { ok: false, exitCode: 126, line: `onejob: ${problem}: ${program}\n`, code };
}

/** The system also says EACCES when a folder of the search path is closed and the others do not have the program. */
function exists(program: string, searchPath: string): boolean {
  return program.includes("/") || searchPath.split(delimiter).some((folder) => existsSync(join(folder, program)));
}

function signalNumber(name: NodeJS.Signals): number | null {
  return constants.signals[name] ?? null;
}
