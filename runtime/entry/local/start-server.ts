/** Puts the house together on one machine: adapters behind their ports, the worker, the sweep, and the HTTP face. */
import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyInstance } from "fastify";
import { OnejobError } from "../../core/errors";
import { parseListen } from "../../core/settings-listen";
import type { Log, Ports } from "../../core/ports";
import { handBack } from "../../flow/hand-back";
import { placeAllAnew } from "../../flow/place-job";
import { forgiveFailures } from "../../flow/reach-state";
import { recover } from "../../flow/recover";
import { startBackground, type Background } from "./background";
import type { Changes } from "./changes";
import { socketPath } from "./data-dir";
import { httpServer } from "../http/server";
import { buildPorts, type LocalPorts } from "./local-ports";
import { localSocket } from "./local-socket";
import { steadyClock } from "../host/node-random";
import { dropServerInfo, ensureToken, writeServerInfo } from "./server-files";
import { settingsHolder } from "./settings-holder";
import { storedDeliveries } from "../host/stored-deliveries";
import { version } from "../../../package.json";
import { errorCode } from "../../core/error-facts";

export interface StartOptions {
  readonly dataDir: string;
  readonly configFile: string | null;
  /** Overrides `server.listen`. */
  readonly listen: string | undefined;
  readonly log: Log;
}

export interface RunningServer {
  readonly url: string;
  readonly ports: Ports;
  readonly changes: Changes;
  reload(): void;
  /** Hands back what has not started, then ends everything but the agents. */
  stop(): Promise<void>;
  /** Ends the process; the next start repairs whatever was under way. */
  leaveAtOnce(): never;
}

/** Throws `bad-config`, `data-dir-locked`, `data-dir-unwritable`, `data-too-new`, `port-in-use`. */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  const { dataDir, log } = options;
  const settings = settingsHolder(options.configFile, log);
  const address = { url: "" };
  const local = await buildPorts({ dataDir, settings: settings.current, log, serverUrl: () => address.url });
  const state: State = { dataDir, local, startedAt: Date.now(), accepting: true, recovered: false };
  const http = httpOf(state, ensureToken(dataDir));
  try {
    const socket = socketPath(dataDir);
    if (socket === undefined) log.warn("path too long for a socket: agents and the CLI use the port", { dataDir });
    const door = localSocket({ http, path: socket });
    address.url = await listen(http, options.listen ?? settings.current().server.listen);
    await door.listen();
    const { adopted } = await recover(local.ports);
    state.recovered = true;
    const background = startBackground(local);
    const { url } = address;
    const startedAt = new Date(state.startedAt).toISOString();
    writeServerInfo(dataDir, { url, socket, pid: process.pid, version, startedAt });
    log.info("server ready", { url, dataDir, config: options.configFile, adopted });
    return running({ ...options, url, http, background, state, settings });
  } catch (error) {
    await closeAll(dataDir, http, local);
    throw error;
  }
}

/** Each whatever becomes of the others: a folder left locked, or an address left standing, helps nobody. */
async function closeAll(dataDir: string, http: FastifyInstance, local: LocalPorts): Promise<void> {
  const say = (error: unknown) => local.ports.log.error("not closed in order", { error });
  await http.close().catch(say);
  await local.close().catch(say);
  dropServerInfo(dataDir);
}

interface State {
  readonly dataDir: string;
  readonly local: LocalPorts;
  readonly startedAt: number;
  accepting: boolean;
  recovered: boolean;
}

function httpOf(state: State, token: string): FastifyInstance {
  const { ports, changes, meter, enforcement } = state.local;
  return httpServer({
    ports,
    token,
    changes,
    version,
    startedAt: state.startedAt,
    ready: () => readiness(state),
    accepting: () => state.accepting,
    meter,
    enforcement,
    stored: storedDeliveries(),
    logger: ports.log,
  });
}

async function readiness(state: State): Promise<readonly { name: string; ok: boolean; fix?: string }[]> {
  const { ports, checkStore } = state.local;
  const stored = await Promise.all([ports.ledger.readFleet(), checkStore()]).then(
    () => true,
    () => false,
  );
  return [
    { name: "accepting", ok: state.accepting, fix: "wait: the server is stopping" },
    { name: "ledger", ok: stored, fix: "look at the server's log, and at the data folder's disk" },
    { name: "recovered", ok: state.recovered, fix: "wait a moment: the server is looking at what it left behind" },
  ].map(({ fix, ...check }) => (check.ok ? check : { ...check, fix }));
}

async function listen(http: FastifyInstance, wanted: string): Promise<string> {
  const parsed = parseListen(wanted);
  if (parsed === undefined) throw new OnejobError("usage", `--listen wants host:port, not "${wanted}"`);
  try {
    const url = new URL(await http.listen({ host: parsed.host, port: parsed.port }));
    // Reachable from here, whichever interface it listens on.
    if (url.hostname === "0.0.0.0") url.hostname = "127.0.0.1";
    if (url.hostname === "[::]") url.hostname = "[::1]";
    return url.origin;
  } catch (cause) {
    const code = errorCode(cause) ?? "";
    const known: Readonly<Record<string, string>> = {
      EADDRINUSE: "another program listens there",
      EACCES: "this user may not listen there",
      EADDRNOTAVAIL: "this machine has no such address",
      ENOTFOUND: "the name is not known",
    };
    if (known[code] === undefined) throw cause;
    throw new OnejobError("port-in-use", `${wanted}: ${known[code]}`, { cause });
  }
}

/** Agents that listen for a forge's jobs take a moment to stop. */
const leavingMs = 6_000;
const leavingLookMs = 500;

async function handAllBack(ports: Ports): Promise<number> {
  const until = steadyClock.now() + leavingMs;
  for (let count = 0; ;) {
    const { gone, leaving } = await handBack(ports);
    count += gone;
    if (leaving === 0 || steadyClock.now() >= until) return count;
    await sleep(leavingLookMs);
  }
}

interface Parts extends StartOptions {
  readonly url: string;
  readonly http: FastifyInstance;
  readonly background: Background;
  readonly state: State;
  readonly settings: ReturnType<typeof settingsHolder>;
}

function running(parts: Parts): RunningServer {
  const { state, http, background, settings, dataDir, log } = parts;
  const { ports, changes, stopReceiving } = state.local;
  const planAll = async () => {
    await forgiveFailures(ports);
    await ports.queue.send(settings.current().profiles.map(({ name }) => ({ kind: "plan", profile: name })));
    await placeAllAnew(ports);
  };
  return {
    url: parts.url,
    ports,
    changes,
    reload() {
      if (settings.reload()) planAll().catch((error: unknown) => log.error("plans could not be asked for", { error }));
    },
    async stop() {
      state.accepting = false;
      const stopped = background.stop();
      stopReceiving();
      await stopped;
      const handedBack = await handAllBack(ports).catch((error: unknown) => {
        log.warn("what had not started is left to the next start", { error });
        return 0;
      });
      await closeAll(dataDir, http, state.local);
      log.info("server stopped", { handedBack });
    },
    leaveAtOnce() {
      dropServerInfo(dataDir);
      process.exit(0);
    },
  };
}
