/** Every port's adapter on one machine. A new source or compute is one line in a registry here. */
import { join } from "node:path";
import { apiSource as apiSourceName } from "../../core/api-source";
import type { Compute, JobSource, Log, Ports } from "../../core/ports";
import type { Settings } from "../../core/settings";
import { processCompute, type Enforcement } from "../../compute/process";
import { openLedger } from "../../ledger/dynamodb-ledger";
import { openLocalQueue } from "../../queue/local-queue";
import { dynamodbMessageStore } from "../../queue/message-store";
import { apiSource } from "../../sources/api";
import { inProcessChanges, observedFiles, observedLedger, type Changes } from "./changes";
import { openDiskFiles, type DiskFiles } from "./disk-files";
import { liveCounts } from "./http/live-counts";
import { embeddedTables, openEmbeddedStore } from "./store/embedded-store";
import { nodeRandom, systemClock } from "./node-random";
import { prometheusMeter, type PrometheusMeter } from "./prometheus-meter";
import { socketPath } from "./data-dir";
import { prepareDataDir, readPid, writePid } from "./server-files";
import { openTokens } from "./signed-tokens";
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
  readonly enforcement: () => Enforcement;
  readonly disk: Pick<DiskFiles, "trimLogs" | "trimBundles">;
  /** Nobody waits for messages any more; they can still be sent, for the next start. */
  stopReceiving(): void;
  close(): Promise<void>;
}

/** Takes the data folder for this process. Throws `data-dir-locked`, `data-dir-unwritable`, `data-too-new`. */
export async function buildPorts(options: LocalPortsOptions): Promise<LocalPorts> {
  const { dataDir, settings, log } = options;
  prepareDataDir(dataDir);
  const store = await openStore(dataDir);
  writePid(dataDir);
  const changes = inProcessChanges({ log });
  const common = { client: store.client, clock: systemClock, random: nodeRandom };
  const retentionMs = () => settings().retention.finishedMs;
  const profileNames = () => settings().profiles.map(({ name }) => name);
  const ledger = observedLedger(await openLedger({ ...common, table: embeddedTables.ledger, retentionMs }), changes);
  const queue = await openLocalQueue({
    ...common,
    store: dynamodbMessageStore(store.client, embeddedTables.queue),
    log,
  });
  const disk = await openDiskFiles(dataDir);
  const meter = prometheusMeter({
    live: () => liveCounts(ledger, profileNames()),
    queueDepth: () => queue.depth(),
    changes,
    log,
  });
  const sources = new Map<string, JobSource>([[apiSourceName, apiSource()]]);
  const computes = new Map<string, Compute>();
  const ports: Ports = {
    settings,
    source: (name) => sources.get(name),
    compute: (kind) => computes.get(kind),
    ledger,
    queue,
    files: observedFiles(disk, changes),
    tokens: await openTokens(ledger),
    clock: systemClock,
    random: nodeRandom,
    log,
    meter,
  };
  const processes = processComputeFor(options, ports);
  computes.set(processes.kind, processes);
  return {
    ports,
    changes,
    meter,
    enforcement: () => processes.enforcement(),
    disk,
    stopReceiving: () => queue.close(),
    close: () => store.close(),
  };
}

async function openStore(dataDir: string) {
  try {
    return await openEmbeddedStore(dataDir);
  } catch (error) {
    if (!(error instanceof OnejobError) || error.code !== "data-dir-locked") throw error;
    throw new OnejobError("data-dir-locked", `${dataDir}, in use by process ${readPid(dataDir) ?? "unknown"}`, {
      cause: error,
    });
  }
}

function processComputeFor({ dataDir, serverUrl, settings }: LocalPortsOptions, ports: Ports) {
  const socket = socketPath(dataDir);
  return processCompute({
    runnersDir: join(dataDir, "runners"),
    // Beside the compiled sources: one file, the same on every compute.
    agentCommand: [process.execPath, join(__dirname, "../../../agent.js")],
    serverUrl,
    urlFile: join(dataDir, "server.json"),
    ...(socket === undefined ? {} : { socket }),
    profile: (name) => settings().profiles.find((profile) => profile.name === name),
    tokens: ports.tokens,
    log: ports.log,
    onExit: (machine) => {
      lookAfter(machine, ports).catch((error: unknown) => ports.log.warn("ended agent not looked after", { error }));
    },
  });
}

/** An agent ended: faster than waiting for the sweep to see it. */
async function lookAfter(machine: string, ports: Ports): Promise<void> {
  for (const profile of await ports.ledger.listProfiles()) {
    const runner = await ports.ledger.readRunner(profile, machine);
    if (runner !== undefined) await ports.queue.send([{ kind: "check", profile, runner: runner.id }]);
  }
}
