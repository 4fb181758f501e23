/**
 * Empties a folder with the rights of those whose things they are, never with more. Other processes may swap what lies
 * in it for links at any moment; as root that would remove whatever they choose.
 */
import { spawn } from "node:child_process";
import { emptyFolder } from "./empty-folder";

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface Sweeping {
  readonly dir: string;
  /** `undefined`: our own rights. Another's only as root. */
  readonly rights: Owner | undefined;
  /** Leaves what others have directly in it. */
  readonly onlyOf?: number;
}

type Command = readonly [string, ...string[]];

/** One after the other, until nothing is left: the usual one, one for locked folders, one where those do not work. */
export const brooms = ["remove", "unlock", "step-by-step"] as const;

export async function sweep(sweeping: Sweeping, broom: (typeof brooms)[number]): Promise<void> {
  for (const command of commandsOf(broom, sweeping.onlyOf)) await runAs(command, sweeping.dir, sweeping.rights);
}

function commandsOf(broom: (typeof brooms)[number], uid: number | undefined): readonly Command[] {
  const which = ["!", "-name", ".", "-prune", ...(uid === undefined ? [] : ["-user", String(uid)])];
  const remove: Command = ["find", ".", ...which, "-exec", "rm", "-rf", "{}", "+"];
  if (broom === "remove") return [remove];
  if (broom === "unlock")
    return [["find", ".", ...which, "-type", "d", "-exec", "chmod", "-R", "u+rwx", "{}", "+"], remove];
  return [[process.execPath, "-e", `(${emptyFolder.toString()})(require("node:fs"), process, ${uid ?? null})`]];
}

/** Whoever keeps filling a folder must not keep us here; the next try goes on. */
const longestMs = 5 * 60_000;

/** Whether it did anything is to be seen where it worked: the program may be absent, or may have died. */
export async function runAs(command: Command, cwd: string, rights: Owner | undefined): Promise<void> {
  const [program, ...args] = command;
  const as = rights === undefined ? {} : { uid: rights.uid, gid: rights.gid };
  const env = { PATH: "/usr/bin:/bin" };
  let timer: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: "ignore", detached: true, ...as });
    timer = setTimeout(() => killGroup(child.pid), longestMs);
    child.once("exit", () => resolve()).once("error", reject);
  }).catch(() => undefined);
  clearTimeout(timer);
}

function killGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, "SIGKILL");
  } catch {
    // Gone in the same moment.
  }
}
