/** Sees to it that an engine has an image: one pull at a time for each, which goes on when a launch stops waiting. */
import { errorText } from "../../core/error-facts";
import { LaunchRefusal } from "../../core/launch-refusal";
import type { Clock, Log } from "../../core/ports";
import type { DockerComputeSettings } from "../../core/settings";
import type { Engine } from "./engine";
import type { ImageFacts } from "./engine-answers";
import { EngineError, isEngineError } from "./engine-error";
import { imageNames } from "./image-name";
import { refusalOf } from "./refusal";
import type { RegistryAuth } from "./registry-auth";

export interface ImageOptions {
  readonly log: Log;
  readonly clock: Clock;
  /** How long a launch waits for a pull, in milliseconds. */
  readonly waitMs: number;
  readonly auth: (compute: DockerComputeSettings) => Promise<RegistryAuth | undefined>;
}

export interface FoundImage extends ImageFacts {
  readonly name: string;
}

export interface Images {
  /** Throws a refusal: it is not there yet, or cannot be had. */
  bring(engine: Engine, compute: DockerComputeSettings): Promise<FoundImage>;
}

interface Pull {
  /** Never rejects: the refusal it ended with, if any. */
  readonly ended: Promise<LaunchRefusal | undefined>;
  percent: number | null;
  waiting: number;
  /** When it failed and nobody waited any more: the next launch is told. */
  failedAt?: number;
}

/** How long `pull: always` takes an image for the newest, so that a storm of launches does not use up a rate limit. */
const freshMs = 60_000;
/** How long a failed pull is told to a launch that comes later, before it is tried anew. */
const staleMs = 10 * 60_000;
const logEveryMs = 5_000;

export function images(options: ImageOptions): Images {
  const pulls = new Map<string, Pull>();
  const fresh = new Map<string, number>();
  return {
    async bring(engine, compute) {
      const key = [engine.socket, compute.image, compute.registry?.username ?? ""].join(" ");
      const names = imageNames(compute.image);
      const isFresh = options.clock.now() - (fresh.get(key) ?? -Infinity) < freshMs;
      const standing = compute.pull === "always" && !isFresh ? undefined : await present(engine, names);
      if (standing !== undefined) return standing;
      if (compute.pull === "never") throw notPulled(compute.image);
      await settled(current(key) ?? start(key, { engine, compute, names }), compute.image);
      fresh.set(key, options.clock.now());
      const found = await present(engine, names);
      if (found === undefined) throw new LaunchRefusal("no-capacity", `image ${compute.image} was pulled, and is gone`);
      return found;
    },
  };

  function current(key: string): Pull | undefined {
    const pull = pulls.get(key);
    if (pull?.failedAt === undefined) return pull;
    pulls.delete(key);
    return options.clock.now() - pull.failedAt < staleMs ? pull : undefined;
  }

  function start(key: string, wanted: Wanted): Pull {
    const { image } = wanted.compute;
    options.log.info("image is pulled", { image, socket: wanted.engine.socket });
    const tell = progressLog(options, image);
    const ended = pullAny(wanted, options, (percent) => tell((pull.percent = percent))).then(
      () => undefined,
      (error: unknown) => refusalFor(image, error),
    );
    const pull: Pull = { ended, percent: null, waiting: 0 };
    pulls.set(key, pull);
    void ended.then((refusal) => {
      if (refusal === undefined) options.log.info("image was pulled", { image });
      else options.log.warn("image could not be pulled", { image, error: refusal.message });
      if (refusal === undefined || pull.waiting > 0) pulls.delete(key);
      else pull.failedAt = options.clock.now();
    });
    return pull;
  }

  /** Waits a while for it; throws what it ended with, or how far it is. */
  async function settled(pull: Pull, image: string): Promise<void> {
    pull.waiting += 1;
    const refusal = await within(options.waitMs, pull.ended);
    pull.waiting -= 1;
    if (refusal === undefined) return;
    if (refusal !== "later") throw refusal;
    const far = pull.percent === null ? "" : ` (${pull.percent} %)`;
    throw new LaunchRefusal("no-capacity", `image ${image} is being pulled${far}`);
  }
}

interface Wanted {
  readonly engine: Engine;
  readonly compute: DockerComputeSettings;
  readonly names: readonly string[];
}

async function present(engine: Engine, names: readonly string[]): Promise<FoundImage | undefined> {
  for (const name of names) {
    const facts = await engine.image(name);
    if (facts !== undefined) return { ...facts, name };
  }
  return undefined;
}

/** By its first name that the engine can do something with; when none, the first one's error tells most. */
async function pullAny(
  { engine, compute, names }: Wanted,
  { auth }: ImageOptions,
  onPercent: (percent: number | null) => void,
): Promise<void> {
  const login = await auth(compute);
  let first: unknown;
  for (const name of names) {
    try {
      return await engine.pull(name, login, onPercent);
    } catch (error) {
      first ??= error;
      if (!isEngineError(error, "absent", "refused", "failed")) break;
    }
  }
  throw first;
}

function refusalFor(image: string, error: unknown): LaunchRefusal {
  if (error instanceof LaunchRefusal) return error;
  const known = error instanceof EngineError ? error : new EngineError("unknown", errorText(error), { cause: error });
  const refusal = refusalOf(known, `image ${image} cannot be pulled`);
  if (refusal.outcome !== "misconfigured") return refusal;
  const fix = "correct compute.image, or say who we are at its registry (compute.registry, or `docker login`)";
  return new LaunchRefusal("misconfigured", `${refusal.message}; ${fix}`, { cause: error });
}

function notPulled(image: string): LaunchRefusal {
  const fix = `pull it by hand (docker pull ${image}), or set compute.pull to missing`;
  return new LaunchRefusal(
    "misconfigured",
    `the engine does not have image ${image}, and compute.pull is never; ${fix}`,
  );
}

function progressLog({ log, clock }: ImageOptions, image: string): (percent: number | null) => void {
  let last = clock.now();
  return (percent) => {
    if (clock.now() - last < logEveryMs) return;
    last = clock.now();
    log.info("image is being pulled", { image, percent });
  };
}

async function within<T>(ms: number, work: Promise<T>): Promise<T | "later"> {
  let timer: NodeJS.Timeout | undefined;
  const later = new Promise<"later">((resolve) => {
    timer = setTimeout(() => resolve("later"), ms);
  });
  try {
    return await Promise.race([work, later]);
  } finally {
    clearTimeout(timer);
  }
}
