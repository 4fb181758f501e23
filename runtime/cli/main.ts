#!/usr/bin/env node
/** The program `onejob`: gives `runCli` this process. */
import { homedir } from "node:os";
import type { CliIo } from "./io";
import { defaultPatience } from "./io";
import { runCli } from "./run";

function processIo(): CliIo {
  const { stdin, stdout, stderr, env } = process;
  return {
    stdin,
    stdout,
    stderr,
    env,
    cwd: process.cwd(),
    home: homedir(),
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
function leaveWithReader(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(141);
  throw error;
}

/** What is written to a pipe is sent later; `exit` before that would cut it off. */
function leave(code: number): void {
  process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
}

process.stdout.on("error", leaveWithReader);
process.stderr.on("error", leaveWithReader);
void runCli(process.argv.slice(2), processIo()).then(leave);
