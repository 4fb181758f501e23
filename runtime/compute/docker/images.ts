/** Sees to it that an engine has an image, as the profile's `pull` says. */
import { errorText } from "../../core/error-facts";
import { LaunchRefusal } from "../../core/launch-refusal";
import type { DockerComputeSettings } from "../../core/settings";
import type { Engine } from "./engine";
import type { ImageFacts } from "./engine-answers";
import { EngineError, isEngineError } from "./engine-error";
import { imageNames } from "./image-name";
import type { Pulls } from "./pulls";
import { refusalOf } from "./refusal";
import type { RegistryAuth } from "./registry-auth";

export interface ImageOptions {
  readonly pulls: Pulls;
  readonly auth: (compute: DockerComputeSettings) => Promise<RegistryAuth | undefined>;
}

export interface FoundImage extends ImageFacts {
  readonly name: string;
}

export interface Images {
  /** Throws a refusal: it is not there yet, or cannot be had. */
  bring(engine: Engine, compute: DockerComputeSettings): Promise<FoundImage>;
}

/** How long `pull: always` takes an image for the newest, so that a storm of launches does not use up a rate limit. */
const freshMs = 60_000;

export function images({ pulls, auth }: ImageOptions): Images {
  return {
    async bring(engine, compute) {
      const { image } = compute;
      const key = [engine.socket, image, compute.registry?.username ?? ""].join(" ");
      const names = imageNames(image);
      const isAsked = compute.pull === "always" && !pulls.isFresh(key, freshMs);
      const standing = isAsked ? undefined : await present(engine, names);
      if (standing !== undefined) return standing;
      if (compute.pull === "never") throw notPulled(image);
      const pull = (onPercent: (percent: number | null) => void) =>
        pullFirst(engine, { names, auth: () => auth(compute), onPercent }).then(
          () => undefined,
          (error: unknown) => refusalFor(image, error),
        );
      await pulls.wait({ key, image, pull });
      const found = await present(engine, names);
      if (found === undefined) throw new LaunchRefusal("no-capacity", `image ${image} was pulled, and is gone again`);
      return found;
    },
  };
}

async function present(engine: Engine, names: readonly string[]): Promise<FoundImage | undefined> {
  for (const name of names) {
    const facts = await engine.image(name);
    if (facts !== undefined) return { ...facts, name };
  }
  return undefined;
}

interface PullParts {
  readonly names: readonly string[];
  readonly auth: () => Promise<RegistryAuth | undefined>;
  readonly onPercent: (percent: number | null) => void;
}

/** By the first name that the engine can do something with; when none, the first one's error tells most. */
async function pullFirst(engine: Engine, { names, auth, onPercent }: PullParts): Promise<void> {
  const login = await auth();
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
