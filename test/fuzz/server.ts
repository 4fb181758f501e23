/** The HTTP server over the adapters it really has: embedded store, disk, signed tokens. Only time and machines are fake. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import type { JobSource, Ledger, Log, Ports } from "../../runtime/core/ports";
import { inProcessChanges, observedFiles, observedLedger, type Changes } from "../../runtime/entry/local/changes";
import { openDiskFiles } from "../../runtime/entry/local/disk-files";
import { liveCounts } from "../../runtime/entry/http/live-counts";
import { jobOfFileName } from "../../runtime/entry/local/job-file-names";
import { httpServer } from "../../runtime/entry/http/server";
import { prometheusMeter } from "../../runtime/entry/local/prometheus-meter";
import { signedTokens } from "../../runtime/entry/host/signed-tokens";
import { embeddedTables, openEmbeddedStore } from "../../runtime/entry/local/store/embedded-store";
import { storedDeliveries } from "../../runtime/entry/host/stored-deliveries";
import { work } from "../../runtime/flow/work";
import { openLedger } from "../../runtime/ledger/dynamodb-ledger";
import { openLocalQueue } from "../../runtime/queue/local-queue";
import { dynamodbMessageStore } from "../../runtime/queue/message-store";
import { apiSource } from "../../runtime/sources/api";
import { countingRandom, ManualClock } from "../fakes/flow-world";
import { MemoryCompute } from "../fakes/memory-compute";
import { noon, someProfile, someSettings } from "../fixtures/records";
import { temporaryFolder } from "../fixtures/temporary-folder";
import { promise } from "./target";

export const serverToken = "the-server-token";

export interface FuzzServer {
  readonly app: FastifyInstance;
  readonly ports: Ports;
  readonly clock: ManualClock;
  readonly compute: MemoryCompute;
  /** Works the queue off, and throws what a flow throws. */
  pump(): Promise<void>;
  /** Throws when the server logged an error of its own since the last call. */
  checkLog(): void;
  /** Resolves when nothing is read or written any more, also for clients that left before their answer. */
  idle(): Promise<void>;
  /** Throws when somebody still listens, or a bundle is kept that no job has. */
  close(): Promise<void>;
}

export async function openServer(forge?: JobSource): Promise<FuzzServer> {
  const folder = await temporaryFolder();
  const { log, errors } = watchedLog();
  const store = await openEmbeddedStore(folder.path);
  const clock = new ManualClock();
  const [random, tokens] = [countingRandom(), signedTokens(Buffer.alloc(32, 7))];
  const { changes, listening } = counted(inProcessChanges({ log }));
  const common = { client: store.client, clock, random, log };
  const table = embeddedTables.ledger;
  const { watched, idle } = busy(await openLedger({ ...common, table, retentionMs: () => 86_400_000 }));
  const ledger = observedLedger(watched, changes);
  const messages = dynamodbMessageStore(store.client, embeddedTables.queue);
  const queue = await openLocalQueue({ ...common, store: messages, timer: () => () => undefined });
  const compute = new MemoryCompute({ clock, tokens });
  const settings = someSettings([someProfile(), someProfile({ name: "large", priority: 1 })]);
  const sources = [apiSource(), ...(forge ? [forge] : [])];
  const meter = prometheusMeter({
    live: () => liveCounts(ledger, ["small", "large"]),
    queueDepth: () => queue.depth(),
    ...{ changes, log },
  });
  const ports: Ports = {
    ...{ clock, random, log, tokens, ledger, queue, meter },
    settings: () => settings,
    source: (name) => sources.find((source) => source.name === name),
    compute: (kind) => (kind === compute.kind ? compute : undefined),
    files: observedFiles(await openDiskFiles(folder.path), changes),
  };
  const app = httpServer({
    ...{ ports, changes, meter, token: serverToken, version: "1.2.3", startedAt: noon, logger: log },
    ready: async () => [{ name: "ledger", ok: true }],
    accepting: () => true,
    stored: storedDeliveries(),
    limits: { pingMs: 1_000 },
  });
  await app.ready();
  const own = listening();
  const checkLog = (): void => promise(errors.length === 0, () => `logged as an error: ${errors.splice(0).join("; ")}`);
  return {
    ...{ app, ports, clock, compute, checkLog, idle },
    pump: () => pump(ports),
    close: async () => {
      await app.close();
      await idle();
      const orphans = await bundlesWithoutJob(folder.path, ports);
      await store.close();
      await folder.remove();
      checkLog();
      promise(orphans.length === 0, () => `bundles of no job are kept: ${orphans.join()}`);
      promise(listening() === own, () => `${listening() - own} still listen to changes`);
    },
  };
}

function watchedLog(): { readonly log: Log; readonly errors: string[] } {
  const errors: string[] = [];
  const silent = (): void => undefined;
  const error: Log["error"] = (sentence, fields = {}) => {
    const cause = fields["error"];
    errors.push(
      `${sentence} ${typeof cause === "object" && cause !== null && "stack" in cause ? String(cause.stack) : ""}`,
    );
  };
  return { log: { debug: silent, info: silent, warn: silent, error }, errors };
}

/** No more than a moment is waited, whatever was asked for. */
const longestWaitMs = 5;

function counted(changes: Changes): { readonly changes: Changes; readonly listening: () => number } {
  let count = 0;
  const waiting: Changes = {
    publish: (change) => changes.publish(change),
    subscribe: (listener) => {
      count += 1;
      const stop = changes.subscribe(listener);
      return () => {
        count -= 1;
        stop();
      };
    },
    wait: (match, timeoutMs, signal) => changes.wait(match, Math.min(timeoutMs, longestWaitMs), signal),
  };
  return { changes: waiting, listening: () => count };
}

/** The same ledger, and a way to wait until nobody uses it. */
function busy(ledger: Ledger): { readonly watched: Ledger; readonly idle: () => Promise<void> } {
  let calls = 0;
  const watched = new Proxy(ledger, {
    get: (real, name: keyof Ledger) => {
      const call = real[name] as (...args: readonly unknown[]) => Promise<unknown>;
      return (...args: readonly unknown[]) => {
        calls += 1;
        return call(...args).finally(() => (calls -= 1));
      };
    },
  });
  const idle = async (): Promise<void> => {
    for (let quiet = 0; quiet < 5; quiet = calls === 0 ? quiet + 1 : 0)
      await new Promise((resolve) => setImmediate(resolve));
  };
  return { watched, idle };
}

async function bundlesWithoutJob(folder: string, { ledger }: Ports): Promise<readonly string[]> {
  const keys = readdirSync(join(folder, "bundles")).map((name) => jobOfFileName(name) ?? name);
  const jobs = await Promise.all(keys.map((key) => ledger.readJob(key)));
  return keys.filter((_, at) => jobs[at]?.work?.bundle == null);
}

async function pump(ports: Ports): Promise<void> {
  for (;;) {
    const received = await ports.queue.receive(10, 0);
    if (received.length === 0) return;
    for (const { id, message } of received) {
      await work(message, ports);
      await ports.queue.done(id);
    }
  }
}
