#!/usr/bin/env node
/** The program `onejob`: gives `runCli` this process. */
import { errorCode } from "../core/error-facts";
import { homeFolder } from "../entry/local/home-folder";
import { complaint } from "./context";
import { exit } from "./exit";
import type { CliIo } from "./io";
import { defaultPatience } from "./io";
import { runCli } from "./run";

function processIo(cwd: string): CliIo {
  const { stdin, stdout, stderr, env } = process;
  return {
    stdin,
    stdout,
    stderr,
    env,
    cwd,
    home: homeFolder(),
    isTTY: { stdin: stdin.isTTY, stdout: stdout.isTTY, stderr: stderr.isTTY },
    now: () => Date.now(),
    onInterrupt,
    patience: defaultPatience,
  };
}

function onInterrupt(listener: () => void): () => void {
  process.on("SIGINT", listener).on("SIGTERM", listener);
  return () => void process.off("SIGINT", listener).off("SIGTERM", listener);
}

/** Whoever read our output is gone (`onejob logs | head`): end as the shell expects, 128 + SIGPIPE. */
function leaveWithReader(error: unknown): void {
  if (errorCode(error) === "EPIPE") process.exit(141);
}

/** A full disk takes no more of it, and nobody should believe that what is there is all. */
function leaveUnheard(error: unknown): void {
  leaveWithReader(error);
  const what = `standard output cannot be written: ${errorCode(error) ?? "it is broken"}`;
  process.stderr.write(complaint(what, "look at free space where it goes to"));
  // `submit` has 125 for whatever is not the command's own.
  process.exit(process.argv.includes("submit") ? exit.onejobFailed : exit.negative);
}

/** What is written to a pipe is sent later; `exit` before that would cut it off. */
function leave(code: number): void {
  process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
}

/** `null`: it was removed since the shell went there. */
function ioHere(): CliIo | null {
  try {
    return processIo(process.cwd());
  } catch {
    process.stderr.write(complaint("the working folder is gone", "change to one that is there"));
    return null;
  }
}

process.stdout.on("error", leaveUnheard);
// Where else should that be told?
process.stderr.on("error", leaveWithReader);
const io = ioHere();
void (io === null ? Promise.resolve(exit.usage) : runCli(process.argv.slice(2), io)).then(leave);
