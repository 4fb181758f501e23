/**
 * `onejob serve`: one process with the same flows as the fleet on AWS. Life: lock the data folder, repair the store,
 * recover what an earlier server left, listen, say ready; on TERM hand back what has not started and leave. Agents
 * live on and are adopted by the next start.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OnejobError } from "../../core/errors";
import { findConfigFile } from "./config-file";
import { dataDir } from "./data-dir";
import { homeFolder } from "./home-folder";
import { jsonLog, logLevels, type LogLevel } from "./json-log";
import { startServer, type RunningServer } from "./start-server";
import { welcome } from "./welcome";

export interface ServeOptions {
  /** Overrides `server.listen`. */
  readonly listen?: string;
  /** Submit the welcome job once ready. */
  readonly welcome: boolean;
  /** Leave when the welcome job is done; a free port unless `listen` is given, a temporary data folder unless one is. */
  readonly once: boolean;
  readonly configFile: string | null;
  readonly dataDir: string | null;
  readonly logLevel: string | null;
}

/** How long a stop may take before the process leaves all the same, in milliseconds. */
const stopMs = 9_000;

/** Resolves with the exit code when the server has stopped. Throws `OnejobError` when it cannot start. */
export async function runServe(options: ServeOptions): Promise<number> {
  const place = placeOf(options);
  // Also when the process leaves at once: `--once` promises to leave nothing.
  if (place.temporary) process.on("exit", () => rmSync(place.dir, { recursive: true, force: true }));
  const log = jsonLog(levelOf(options));
  const configFile = findConfigFile({ flag: options.configFile ?? undefined, env: process.env, cwd: process.cwd() });
  const server = await startServer({ dataDir: place.dir, configFile, listen: place.listen, log });
  const signalled = onSignals(server);
  process.stdout.write(`${JSON.stringify({ event: "ready", url: server.url, pid: process.pid })}\n`);
  return await untilStopped(server, signalled, options);
}

interface Place {
  readonly dir: string;
  readonly temporary: boolean;
  readonly listen: string | undefined;
}

function placeOf(options: ServeOptions): Place {
  const { env } = process;
  const listen = options.listen ?? (options.once ? "127.0.0.1:0" : undefined);
  if (options.once && options.dataDir === null) {
    return { dir: mkdtempSync(join(tmpdir(), "onejob-once-")), temporary: true, listen };
  }
  return { dir: dataDir({ flag: options.dataDir, env, home: homeFolder() }), temporary: false, listen };
}

function levelOf(options: ServeOptions): LogLevel {
  const wanted = options.logLevel ?? process.env["ONEJOB_LOG_LEVEL"];
  if (!wanted) return isShow(options) ? "warn" : "info";
  const known = logLevels.find((level) => level === wanted);
  if (known !== undefined) return known;
  throw new OnejobError("usage", `there is no log level "${wanted}"; there are ${logLevels.join(", ")}`);
}

/** A person at a terminal reads the story of the welcome job instead of log lines. */
function isShow(options: ServeOptions): boolean {
  return (options.welcome || options.once) && process.stderr.isTTY === true;
}

async function untilStopped(server: RunningServer, signalled: Promise<number>, options: ServeOptions): Promise<number> {
  const shown = options.welcome || options.once ? showWelcome(server, options) : undefined;
  const failed = shown?.catch((error: unknown) => {
    server.ports.log.error("welcome job could not be shown", { error });
    return false;
  });
  const code = await Promise.race([signalled, ...(options.once && failed ? [failed.then((ok) => (ok ? 0 : 1))] : [])]);
  // Told to stop, `--once` still finishes its one job.
  if (options.once) await failed;
  await leave(server);
  return code;
}

function showWelcome(server: RunningServer, options: ServeOptions): Promise<boolean> {
  const { ports, changes } = server;
  const say = (line: string) =>
    isShow(options) ? void process.stderr.write(`${line}\n`) : ports.log.info("welcome", { line });
  return welcome({ ports, changes, say });
}

/** Resolves with the exit code at the first TERM or INT; the second one ends the process at once. */
function onSignals(server: RunningServer): Promise<number> {
  return new Promise((resolve) => {
    let seen = 0;
    const stop = (signal: string) => {
      seen += 1;
      server.ports.log.info("told to stop", { signal });
      if (seen > 1) server.leaveAtOnce();
      resolve(0);
    };
    process.on("SIGTERM", () => stop("SIGTERM"));
    process.on("SIGINT", () => stop("SIGINT"));
    process.on("SIGHUP", () => server.reload());
  });
}

async function leave(server: RunningServer): Promise<void> {
  const timer = setTimeout(() => {
    server.ports.log.warn("stop took too long, leaving now");
    server.leaveAtOnce();
  }, stopMs);
  await server.stop();
  clearTimeout(timer);
}
