/** Runs the built program in odd circumstances and says how it ended. */
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";

export const program = process.env["ONEJOB_FUZZ_PROGRAM"] ?? join(process.cwd(), "dist/runtime/cli/main.js");

export interface Circumstances {
  /** `left`: whoever read it is gone; `full`: a full disk; `closed`: there is none. */
  readonly output: "read" | "left" | "full" | "closed";
  readonly input: string | null;
  /** `nobody`: a user the system does not know, without a home. */
  readonly user: "me" | "nobody";
  readonly folder: "there" | "removed";
}

export interface Order extends Circumstances {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Ended by TERM once it says so, or after so long. */
  readonly endAfterMs: number | null;
  readonly limitMs: number;
}

export interface Ended {
  /** `null`: by a signal. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** It had to be killed. */
  readonly late: boolean;
}

const nobody = 54_321;

export async function runProgram(order: Order): Promise<Ended> {
  const { output, user, folder, cwd, args, env } = order;
  const [command, given] = wrapped(order, args);
  const sink = output === "full" ? openSync("/dev/full", "w") : "pipe";
  const child = spawn(command, given, {
    cwd,
    env: { ...env, ...(folder === "removed" ? { FUZZ_FOLDER: removable(cwd) } : {}) },
    stdio: ["pipe", sink, "pipe"],
    ...(user === "nobody" ? { uid: nobody, gid: nobody } : {}),
  });
  if (typeof sink === "number") closeSync(sink);
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(order.input ?? "");
  if (output === "left") child.stdout?.destroy();
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name]?.on("data", (data: Buffer) => (texts[name] += data.toString()));
  const end = order.endAfterMs === null ? undefined : setTimeout(() => child.kill("SIGTERM"), order.endAfterMs);
  let late = false;
  const limit = setTimeout(() => (late = child.kill("SIGKILL")), order.limitMs);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      clearTimeout(end);
      clearTimeout(limit);
      resolve({ code, signal, ...texts, late });
    });
  });
}

/** What only a shell can do: close a stream, or stand in a folder that is removed. */
function wrapped({ output, folder }: Circumstances, args: readonly string[]): readonly [string, readonly string[]] {
  const direct = [program, ...args];
  if (output !== "closed" && folder === "there") return [process.execPath, direct];
  const leave = folder === "removed" ? 'cd "$FUZZ_FOLDER" && rmdir "$FUZZ_FOLDER" && ' : "";
  const script = `${leave}exec "$0" "$@"${output === "closed" ? " >&-" : ""}`;
  return ["/bin/sh", ["-c", script, process.execPath, ...direct]];
}

function removable(cwd: string): string {
  const folder = join(cwd, "removed");
  mkdirSync(folder, { recursive: true });
  return folder;
}
