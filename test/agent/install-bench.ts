/** Installs GitHub's runner from a fake release server, into a cache of its own, at a time of its own. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { installRunner } from "../../runtime/agent/listener/install/install-runner";
import type { InstallParts } from "../../runtime/agent/listener/install/install-runner";
import { jsonLog } from "../../runtime/agent/json-log";
import { defaultOptions } from "../../runtime/agent/options";
import type { InstallOptions } from "../../runtime/agent/options";
import { temporaryFolder } from "../fixtures/temporary-folder";
import { FakeReleaseServer, platform } from "./release-server";

export interface InstallWishes {
  readonly install?: Partial<InstallOptions>;
  readonly signal?: AbortSignal;
  readonly cached?: boolean;
  readonly releasesUrl?: string;
}

export interface InstallBench {
  readonly release: FakeReleaseServer;
  readonly folder: string;
  /** Of the cache. */
  readonly root: string;
  readonly logLines: string[];
  /** The clock of all who install. */
  time: number;
  install(version?: string, wishes?: InstallWishes): Promise<string>;
  folderOf(version: string): string;
  /** What is there beside a note which version is the latest. */
  kept(): readonly string[];
  close(): Promise<void>;
}

export const hour = 3_600_000;
export const day = 24 * hour;

let ids = 0;

export async function openInstallBench(): Promise<InstallBench> {
  const folder = await temporaryFolder();
  const release = new FakeReleaseServer();
  await release.start();
  const root = join(folder.path, "cache", "actions-runner");
  const bench: InstallBench = {
    release,
    folder: folder.path,
    root,
    logLines: [],
    time: Date.now(),
    install: (version = "latest", wishes = {}) =>
      installRunner({ version, releasesUrl: wishes.releasesUrl ?? release.url }, partsOf(bench, wishes)),
    folderOf: (version) => join(root, `${version}-${platform}`),
    kept: () => readdirSync(root).filter((name) => !name.startsWith("latest-")),
    close: async () => {
      await release.stop();
      await folder.remove();
    },
  };
  return bench;
}

function partsOf(bench: InstallBench, { install, signal, cached = true }: InstallWishes): InstallParts {
  const clock = { now: () => bench.time };
  return {
    boot: { stateDir: join(bench.folder, "state"), ...(cached ? { cacheDir: join(bench.folder, "cache") } : {}) },
    options: {
      ...defaultOptions,
      backoff: { firstMs: 1, maxMs: 5 },
      install: { ...defaultOptions.install, ...install },
    },
    clock,
    uptimeMs: () => performance.now(),
    random: { id: (length) => String((ids += 1)).padStart(length, "0"), fraction: () => 0.5 },
    log: jsonLog((line) => void bench.logLines.push(line), clock),
    signal: signal ?? new AbortController().signal,
  };
}
