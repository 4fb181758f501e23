/**
 * Installs GitHub's runner: which version → its release → archive, checked → unpacked → whole folder in the cache. Once,
 * however many agents of this machine ask for it at the same time.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { errorText } from "../../../core/error-facts";
import type { AgentBoot } from "../../../core/agent-protocol";
import type { Clock, Log, Random } from "../../../core/ports";
import type { ListenerSettings } from "../../../core/settings";
import type { AgentOptions } from "../../options";
import { downloadRelease } from "./download";
import { ListenerRefusal } from "../listener-refusal";
import { withLock } from "./lock";
import { runnerPlatform } from "./release";
import type { RunnerRelease } from "./release";
import { ReleaseServer } from "./release-server";
import type { Asking } from "./release-server";
import { RunnerCache } from "./runner-cache";
import { unpackRunner } from "./unpack-runner";

export interface InstallParts {
  readonly boot: Pick<AgentBoot, "cacheDir" | "stateDir">;
  readonly options: AgentOptions;
  readonly clock: Clock;
  readonly uptimeMs: () => number;
  readonly random: Pick<Random, "id" | "fraction">;
  readonly log: Log;
  /** Gives up as soon as it aborts; rejects then. */
  readonly signal: AbortSignal;
}

type Wanted = Extract<ListenerSettings, { version: string }>;

/** Answers its folder. Throws a `ListenerRefusal` that says what is wrong. */
export async function installRunner(wanted: Wanted, parts: InstallParts): Promise<string> {
  const platform = runnerPlatform(process);
  const root = join(parts.boot.cacheDir ?? parts.boot.stateDir, "actions-runner");
  const cache = new RunnerCache({ root, platform, clock: parts.clock, random: parts.random });
  try {
    await cache.open();
    const version = wanted.version === "latest" ? await freshLatest(wanted, cache, parts) : wanted.version;
    const found = version === undefined ? undefined : await cache.find(version);
    return found ?? (await underLock({ wanted, cache, platform }, parts));
  } catch (error) {
    if (error instanceof ListenerRefusal || parts.signal.aborted) throw error;
    const detail = `GitHub's runner could not be installed in ${root}: ${errorText(error)}`;
    throw new ListenerRefusal("boot-failing", detail, { cause: error });
  }
}

interface Installing {
  readonly wanted: Wanted;
  readonly cache: RunnerCache;
  readonly platform: string;
}

/** `undefined`: it must be asked for (again). */
async function freshLatest(wanted: Wanted, cache: RunnerCache, parts: InstallParts): Promise<string | undefined> {
  const note = await cache.latest(wanted.releasesUrl);
  if (note === undefined) return undefined;
  const { latestMs, refreshPauseMs } = parts.options.install;
  const [age, pause] = [parts.clock.now() - note.foundAt, parts.clock.now() - note.askedAt];
  // A time to come was noted by a clock that was wrong.
  const isFresh = (age >= 0 && age < latestMs) || (pause >= 0 && pause < refreshPauseMs);
  return isFresh ? note.version : undefined;
}

function underLock(installing: Installing, parts: InstallParts): Promise<string> {
  const { random, uptimeMs, signal, clock, options } = parts;
  const { lockSilenceMs: silenceMs, unusedMs } = options.install;
  const lock = { random, uptimeMs, signal, silenceMs, now: () => clock.now() };
  return withLock(installing.cache.lockPath, lock, async () => {
    const server = new ReleaseServer(installing.wanted.releasesUrl, parts);
    try {
      const folder = await install({ ...installing, server }, parts);
      await installing.cache.tidy(unusedMs);
      return folder;
    } finally {
      server.close();
    }
  });
}

type Served = Installing & { readonly server: ReleaseServer };

/** Somebody may have done it while we waited for the lock. */
async function install(served: Served, parts: InstallParts): Promise<string> {
  const { wanted, cache, platform, server } = served;
  const isLatest = wanted.version === "latest";
  const version = isLatest ? await freshLatest(wanted, cache, parts) : wanted.version;
  const found = version === undefined ? undefined : await cache.find(version);
  if (found !== undefined) return found;
  if (isLatest) return installLatest(served, parts);
  return bring(await server.release(wanted.version, platform, patience(parts)), served, parts);
}

/** Better the one that was the latest an hour ago than a job that waits for the release server. */
async function installLatest(served: Served, parts: InstallParts): Promise<string> {
  const { wanted, cache } = served;
  const note = await cache.latest(wanted.releasesUrl);
  const old = note === undefined ? undefined : await cache.find(note.version);
  if (note === undefined || old === undefined) return bringLatest(served, parts, patience(parts));
  try {
    return await bringLatest(served, parts, { tries: 1, timeoutMs: parts.options.install.refreshMs });
  } catch (error) {
    parts.signal.throwIfAborted();
    parts.log.warn("the latest runner cannot be had; the one before is used", {
      version: note.version,
      problem: errorText(error),
    });
    await cache.noteLatest({ ...note, askedAt: parts.clock.now() });
    return old;
  }
}

async function bringLatest(served: Served, parts: InstallParts, asking: Asking): Promise<string> {
  const { wanted, cache, platform, server } = served;
  const release = await server.release("latest", platform, asking);
  const folder = (await cache.find(release.version)) ?? (await bring(release, served, parts));
  const at = parts.clock.now();
  await cache.noteLatest({ releasesUrl: wanted.releasesUrl, version: release.version, foundAt: at, askedAt: at });
  return folder;
}

async function bring(release: RunnerRelease, { cache, server }: Served, parts: InstallParts): Promise<string> {
  const begun = parts.uptimeMs();
  const folder = await cache.add(release.version, async (part) => {
    const archive = `${part}.tar.gz`;
    try {
      await downloadRelease(release, archive, { server, ...patience(parts) });
      await unpackRunner(archive, part);
    } finally {
      await rm(archive, { force: true });
    }
  });
  parts.log.info("runner installed", { version: release.version, ms: Math.round(parts.uptimeMs() - begun) });
  return folder;
}

function patience({ options }: InstallParts): Asking {
  return { tries: options.install.tries, timeoutMs: options.answerTimeoutMs };
}
