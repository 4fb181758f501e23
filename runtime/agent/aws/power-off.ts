/**
 * The end of a machine that is the agent's own. Its launch template terminates it once it is off, so this is the moment
 * from which it costs nothing.
 */
import { spawnSync } from "node:child_process";
import type { Log } from "../../core/ports";

/** `true`: it was done. */
export type RunProgram = (program: string, words: readonly string[]) => boolean;

/** `--force`: without waiting for services, for nothing on this machine is ever needed again. */
const ways: readonly (readonly [string, readonly string[]])[] = [
  ["systemctl", ["poweroff", "--force"]],
  ["shutdown", ["-h", "now"]],
];

/** Synchronous, so that a process that crashes can still do it. */
export function powerOff(log: Log, run: RunProgram = runNow): void {
  log.info("the machine is switched off");
  if (!ways.some(([program, words]) => run(program, words))) log.error("the machine cannot be switched off");
}

function runNow(program: string, words: readonly string[]): boolean {
  return spawnSync(program, words, { stdio: "ignore", timeout: 20_000 }).status === 0;
}
