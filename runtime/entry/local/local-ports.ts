/** Every port's adapter on one machine. */
import type { Log, Ports } from "../../core/ports";
import type { Settings } from "../../core/settings";
import { openLedger } from "../../ledger/dynamodb-ledger";
import { openLocalQueue } from "../../queue/local-queue";
import { dynamodbMessageStore } from "../../queue/message-store";
import { inProcessChanges, observedFiles, observedLedger, type Changes } from "./changes";
import { openDiskFiles, type DiskFiles } from "./disk-files";
import { liveCounts } from "../http/live-counts";
import { embeddedTables, openEmbeddedStore, type EmbeddedStore } from "./store/embedded-store";
import { nodeRandom, steadyClock, systemClock } from "../host/node-random";
import { prometheusMeter, type PrometheusMeter } from "./prometheus-meter";
import { prepareDataDir, readPid, refuseLostLedger, writePid } from "./server-files";
import { openTokens } from "../host/signed-tokens";
import { readSecret } from "./secrets";
import { computeRegistry, type Computes } from "./compute-registry";
import { sourceRegistry, type SourceGiven } from "../host/source-registry";
import { OnejobError } from "../../core/errors";

export interface LocalPortsOptions {
  readonly dataDir: string;
  readonly settings: () => Settings;
  readonly log: Log;
  /** Base URL agents dial; known once the server listens. */
  readonly serverUrl: () => string;
}

export interface LocalPorts {
  readonly ports: Ports;
  readonly changes: Changes;
  readonly meter: PrometheusMeter;
  readonly enforcement: Computes["enforcement"];
  readonly disk: Pick<DiskFiles, "trimLogs" | "trimBundles">;
  /** Throws when it is known that the ledger can store nothing at this moment. */
  checkStore(): Promise<void>;
  /** Nobody waits for messages any more; they can still be sent, for the next start. */
  stopReceiving(): void;
  close(): Promise<void>;
}

const homeLength = 16;

/** Takes the data folder for this process. Throws `data-dir-locked`, `data-dir-unwritable`, `data-too-new`. */
export async function buildPorts(options: LocalPortsOptions): Promise<LocalPorts> {
  const { dataDir, settings, log } = options;
  const store = await takeDataDir(dataDir, log);
  const changes = inProcessChanges({ log });
  const given = { clock: systemClock, random: nodeRandom, log };
  const common = { client: store.client, ...given };
  const retentionMs = () => settings().retention.finishedMs;
  const profileNames = () => settings().profiles.map(({ name }) => name);
  const ledger = observedLedger(await openLedger({ ...common, table: embeddedTables.ledger, retentionMs }), changes);
  const queue = await openLocalQueue({
    ...common,
    steady: steadyClock,
    store: dynamodbMessageStore(store.client, embeddedTables.queue),
  });
  const disk = await openDiskFiles(dataDir);
  const meter = prometheusMeter({
    live: () => liveCounts(ledger, profileNames()),
    queueDepth: () => queue.depth(),
    changes,
    log,
  });
  const tokens = await openTokens(ledger);
  const onExit = (machine: string) => lookAfter(machine, ports);
  const home = await ledger.remember("home", nodeRandom.id(homeLength), Number.MAX_SAFE_INTEGER);
  const computes = computeRegistry({ ...options, home }, { ...given, tokens, onExit });
  const ports: Ports = {
    ...given,
    settings,
    source: sourceRegistry(settings, { ...given, secret: readSecret, sharing: withItself(ledger) }),
    compute: computes.compute,
    ledger,
    queue,
    files: observedFiles(disk, changes),
    tokens,
    meter,
  };
  return {
    ports,
    changes,
    meter,
    enforcement: computes.enforcement,
    disk,
    checkStore: () => store.check(),
    stopReceiving: () => queue.close(),
    async close() {
      computes.close();
      await store.close();
    },
  };
}

/** A server that was started anew goes on with the tokens it had, and keeps the pauses it was told. */
function withItself(notes: SourceGiven["sharing"]["notes"]): SourceGiven["sharing"] {
  return { notes, tokens: true, processes: 1 };
}

async function takeDataDir(dataDir: string, log: Log): Promise<EmbeddedStore> {
  prepareDataDir(dataDir);
  refuseLostLedger(dataDir);
  try {
    const store = await openEmbeddedStore(dataDir, log);
    writePid(dataDir);
    return store;
  } catch (error) {
    if (!(error instanceof OnejobError) || error.code !== "data-dir-locked") throw error;
    throw new OnejobError("data-dir-locked", `${dataDir}, in use by process ${readPid(dataDir) ?? "unknown"}`, {
      cause: error,
    });
  }
}

/** An agent ended: faster than waiting for the sweep to see it. */
function lookAfter(machine: string, ports: Ports): void {
  findAndCheck(machine, ports).catch((error: unknown) => ports.log.warn("ended agent not looked after", { error }));
}

async function findAndCheck(machine: string, ports: Ports): Promise<void> {
  for (const profile of await ports.ledger.listProfiles()) {
    const runner = await ports.ledger.readRunner(profile, machine);
    if (runner !== undefined) await ports.queue.send([{ kind: "check", profile, runner: runner.id }]);
  }
}
