/**
 * The pipe between the job and the spool. It is a named one: what Node itself makes is a socket, which a job cannot
 * open again by name (`echo … > /dev/stderr` fails), and a plain file would be cut to nothing by that same line.
 */
import { execFile } from "node:child_process";
import { close, constants, fchown, open } from "node:fs";
import { rm } from "node:fs/promises";
import { Socket } from "node:net";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import type { AgentBoot } from "../core/agent-protocol";

const run = promisify(execFile);
const openFile = promisify(open);
const closeFile = promisify(close);
const giveFile = promisify(fchown);

export interface OutputPipe {
  /** The end for the job's stdout and stderr. */
  readonly writeEnd: number;
  readonly readEnd: Readable;
  /** Closes our copy of the write end; the read end ends when the job's copies are closed too. Again: no effect. */
  release(): Promise<void>;
}

/** `undefined` where there is no `mkfifo`. */
export async function openOutputPipe(
  path: string,
  { searchPath, user }: { readonly searchPath: string; readonly user: AgentBoot["user"] },
): Promise<OutputPipe | undefined> {
  try {
    await run("mkfifo", ["-m", "600", path], { env: { PATH: searchPath } });
  } catch {
    return undefined;
  }
  // The reader comes first and does not wait for a writer; the writer must block, as programs expect of stdout.
  const readFd = await openFile(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writeEnd = await openFile(path, constants.O_WRONLY);
  // Opening it again by name checks the owner.
  if (user !== undefined) await giveFile(writeEnd, user.uid, user.gid);
  await rm(path);
  let released: Promise<void> | undefined;
  return {
    writeEnd,
    readEnd: new Socket({ fd: readFd, readable: true, writable: false }),
    release: () => (released ??= closeFile(writeEnd)),
  };
}
