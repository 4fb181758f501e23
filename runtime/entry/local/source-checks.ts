/** For the CLI, which may not look into adapters: whether a source will work. */
import { existsSync } from "node:fs";
import { version } from "../../../package.json";
import { errorText } from "../../core/error-facts";
import { OnejobError } from "../../core/errors";
import type { Log } from "../../core/ports";
import type { GithubSourceSettings } from "../../core/settings";
import { checkGithubSource } from "../../sources/github/check";
import type { GithubFinding } from "../../sources/github/options";
import { nodeRandom } from "../host/node-random";
import { readSecret } from "./secrets";

export interface SourceCheckOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => number;
}

/** Never throws. */
export async function checkSource(
  settings: GithubSourceSettings,
  { env, now }: SourceCheckOptions,
): Promise<readonly GithubFinding[]> {
  try {
    return await checkGithubSource({
      settings,
      secret: (place) => readSecret(place, env),
      clock: { now },
      random: nodeRandom,
      log: silence,
      version,
      fileExists: (path) => Promise.resolve(existsSync(path)),
    });
  } catch (error) {
    const fix =
      error instanceof OnejobError ? error.entry.fix : "run `onejob doctor --debug` and report what it prints";
    return [{ id: "github", ok: false, what: errorText(error), fix }];
  }
}

/** What the check finds it says itself. */
const silence: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
