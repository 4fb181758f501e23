/**
 * The agent's program: reads its orders, lives (run-agent.ts), and ends with the code that came of it.
 * `--boot-file PATH`: the orders stand in that file, which is removed; else they come on standard input.
 */
import { randomBytes } from "node:crypto";
import { version } from "../../package.json";
import type { AgentBoot } from "../core/agent-protocol";
import { Imds } from "./aws/imds";
import { powerOff } from "./aws/power-off";
import { interruption, timeLeft } from "./aws/watch-interruption";
import { type BootLine, readBoot, readBootFile } from "./boot";
import { usualPath } from "./job-environment";
import { JobProcesses } from "./job-processes";
import { jsonLog } from "./json-log";
import { exitCodes } from "./leave";
import { defaultOptions } from "./options";
import { runAgent } from "./run-agent";
import { errorText } from "../core/error-facts";

const clock = { now: () => Date.now() };
const uptimeMs = (): number => performance.now();
const log = jsonLog((line) => void process.stderr.write(line), clock);
const random = {
  /** Five bits of each byte, so that every letter is as likely as the next. */
  id: (length: number): string =>
    Array.from(randomBytes(length), (byte) => byte % 32)
      .map(letter)
      .join(""),
  fraction: () => Math.random(),
};

/** What is left to be done when the process ends, however it does. */
let atEnd = (): void => undefined;

void main().then(end, crash);

async function main(): Promise<number> {
  process.umask(0o022);
  // The reader of our log may die before us.
  process.stderr.on("error", () => undefined);
  const line = await readOrders(process.argv.slice(2));
  if (line.kind === "none") return exitCodes.done;
  if (line.kind === "boot") return live(line.boot);
  log.error("the agent cannot begin", { problem: line.problem });
  return exitCodes.badBoot;
}

async function readOrders([option, path]: readonly string[]): Promise<BootLine> {
  if (option === "--boot-file" && path !== undefined) return readBootFile(path);
  const line = await readBoot(process.stdin);
  process.stdin.destroy();
  return line;
}

function live(boot: AgentBoot): Promise<number> {
  if (boot.atEnd === "poweroff") atEnd = () => powerOff(log);
  const processes = new JobProcesses(boot);
  const shutdown = watchSignals(processes);
  // As the SDKs of AWS have it.
  const metadataUrl = process.env["AWS_EC2_METADATA_SERVICE_ENDPOINT"];
  const imds = new Imds(metadataUrl === undefined ? {} : { baseUrl: metadataUrl });
  const notice = new AbortController();
  if (boot.aws !== undefined) void heedInterruption(imds, { notice, shutdown });
  return runAgent(boot, {
    imds,
    clock,
    uptimeMs,
    random,
    log,
    options: defaultOptions,
    processes,
    version,
    bootedAt: clock.now() - uptimeMs(),
    inherited: { path: process.env["PATH"] ?? usualPath, language: process.env["LANG"] ?? "C.UTF-8" },
    notice: notice.signal,
    shutdown: shutdown.signal,
  });
}

/** What runs may yet come to its end in the time that is left. */
async function heedInterruption(
  imds: Imds,
  { notice, shutdown }: Readonly<Record<"notice" | "shutdown", AbortController>>,
): Promise<void> {
  const seen = await interruption({ imds, log });
  if (seen === undefined) return;
  const leftMs = timeLeft(seen, clock.now());
  log.warn("the machine will be taken away", { leftMs });
  notice.abort(leftMs);
  setTimeout(() => shutdown.abort(), leftMs).unref();
}

/** The first one asks for an orderly end, the second takes the job's time to end away. */
function watchSignals(processes: JobProcesses): AbortController {
  const shutdown = new AbortController();
  const onSignal = (): void => void (shutdown.signal.aborted ? processes.killNow() : shutdown.abort());
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  // The terminal that the server was started in is no concern of ours.
  process.on("SIGHUP", () => undefined);
  const onBug = (error: unknown): void => {
    processes.killNow();
    crash(error);
  };
  process.on("uncaughtException", onBug);
  process.on("unhandledRejection", onBug);
  return shutdown;
}

function crash(error: unknown): never {
  log.error("the agent crashed", { problem: errorText(error) });
  end(exitCodes.failed);
}

function end(code: number): never {
  atEnd();
  process.exit(code);
}

function letter(index: number): string {
  return "abcdefghijklmnopqrstuvwxyz234567".charAt(index);
}
