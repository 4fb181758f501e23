/** What the source `github` is given; the same for its check, so that `onejob doctor` asks what `serve` would. */
import type { Clock, Log, Random } from "../../core/ports";
import type { GithubSourceSettings, SecretPlace } from "../../core/settings";
import type { Sharing } from "./shelf";

export interface GithubSourceOptions {
  readonly settings: GithubSourceSettings;
  /** Reads a secret where it is kept. Called again after a 401, so that a rotated file is noticed. */
  readonly secret: (place: SecretPlace) => Promise<string>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** With whom tokens, pauses and points are shared. @default with nobody */
  readonly sharing?: Sharing;
  /** Ours, for the user agent. */
  readonly version?: string;
  /** @default the global one */
  readonly fetch?: typeof globalThis.fetch;
  /** Waits for a place in the budget, at most about two seconds. @default a timer */
  readonly sleep?: (ms: number) => Promise<void>;
  /** How long one call may take, in milliseconds. @default 10000 */
  readonly timeoutMs?: number;
}

export interface GithubCheckOptions extends GithubSourceOptions {
  /** Whether a file is there; without it the folder of the runner is not looked at. */
  readonly fileExists?: (path: string) => Promise<boolean>;
}

/** One finding of `onejob doctor`. */
export interface GithubFinding {
  readonly id: string;
  readonly ok: boolean;
  readonly what: string;
  /** What to do; empty when there is nothing to do. */
  readonly fix: string;
}
