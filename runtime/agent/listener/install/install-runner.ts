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
import { RunnerCache } from "./runner-cache";
import type { LatestNote } from "./runner-cache";
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
  return withLock(installing.cache.lockPath, { random, uptimeMs, signal, silenceMs, now: () => clock.now() }, async () => {
    const server = new ReleaseServer(installing.wanted.releasesUrl, parts);
    try {
      const folder = await install(installing, server, parts);
      await installing.cache.tidy(unusedMs);
      return folder;
    } finally {
      server.close();
    }
  });
}

/** Somebody may have done it while we waited for the lock. */
async function install({ wanted, cache, platform }: Installing, server: ReleaseServer, parts: InstallParts): Promise<string> {
  const { options } = parts;
  const asking = { tries: options.install.tries, timeoutMs: options.answerTimeoutMs };
  const known = wanted.version === "latest" ? await freshLatest(wanted, cache, parts) : wanted.version;
  const found = known === undefined ? undefined : await cache.find(known);
  if (found !== undefined) return found;
  const stale = wanted.version === "latest" ? await refresh({ wanted, cache, platform }, server, parts) : undefined;
  if (typeof stale === "string") return stale;
  const release = stale ?? (await server.release(known ?? "latest", platform, asking));
  const folder = (await cache.find(release.version)) ?? (await add(release, cache, { server, parts, asking }));
  if (wanted.version === "latest") await note(wanted, cache, { version: release.version, parts });
  return folder;
}
