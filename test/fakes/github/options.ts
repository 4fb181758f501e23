/** What a test may set when it makes a fake, with the defaults. */
import type { Random } from "./random";
import { seededRandom } from "./random";
import type { Time } from "./time";
import { realTime } from "./time";

export interface FakeGitHubOptions {
  /** Decides every choice: which runner gets which job, what happens to a delivery, all tokens. @default seed 1 */
  readonly random?: Random;
  /** @default the real one */
  readonly time?: Time;
  /** Port on 127.0.0.1. @default 0, a free one */
  readonly port?: number;
  /** Makes it a GitHub Enterprise Server of this version, such as "3.9.1": no JIT before 3.10, no rate limits unless set. */
  readonly installedVersion?: string;
  /** The first job's id; the next ones count up. @default 53700000001 */
  readonly firstJobId?: number;
  /** An assigned job that its runner does not fetch in this time is queued again. @default 60000 */
  readonly pickUpMs?: number;
  /** A listener that stopped asking counts as offline after this time. @default 30000 */
  readonly offlineAfterMs?: number;
  /** A running job whose listener stopped asking fails after this time. @default 600000 */
  readonly lostRunnerMs?: number;
  /** The shown `busy` and `status` of a runner are this old. @default 0 */
  readonly flagLagMs?: number;
  /** An ephemeral runner stays listed, and undeletable (422), this long after its job. @default 0 */
  readonly lingerMs?: number;
  /** A runner that never connected is removed after this time. @default 1 day */
  readonly unusedRunnerMs?: number;
  /** How long a poll of the listener is held open. @default 20000 */
  readonly pollMs?: number;
  /** Requests a window per identity, `null` for no limit. @default 5000; null with installedVersion */
  readonly primaryLimit?: number | null;
  /** Points a window per identity (reading 1, changing 5), `null` for no limit. @default 900; null with installedVersion */
  readonly secondaryLimit?: number | null;
  /** @default 1 hour */
  readonly primaryWindowMs?: number;
  /** @default 1 minute */
  readonly secondaryWindowMs?: number;
  /** The status of a refused request beyond the primary limit: GitHub uses both. @default 403 */
  readonly primaryLimitStatus?: 403 | 429;
  /** How long the receiver of a webhook may take. @default 10000 */
  readonly webhookTimeoutMs?: number;
  /** `stateless`: the long tokens with dots that GitHub began to give out in 2026. @default "opaque" */
  readonly installationTokens?: "opaque" | "stateless";
  /** Runner versions below this one may not receive messages. @default none */
  readonly minimumRunnerVersion?: string;
}

export type Options = FakeGitHubOptions &
  typeof plainDefaults & { readonly random: Random; readonly time: Time } & {
    readonly primaryLimit: number | null;
    readonly secondaryLimit: number | null;
    readonly primaryLimitStatus: 403 | 429;
    readonly installationTokens: "opaque" | "stateless";
  };

const plainDefaults = {
  port: 0,
  pickUpMs: 60_000,
  offlineAfterMs: 30_000,
  lostRunnerMs: 600_000,
  flagLagMs: 0,
  lingerMs: 0,
  unusedRunnerMs: 86_400_000,
  pollMs: 20_000,
  webhookTimeoutMs: 10_000,
  primaryWindowMs: 3_600_000,
  secondaryWindowMs: 60_000,
};

export function withDefaults(given: FakeGitHubOptions): Options {
  const isServer = given.installedVersion !== undefined;
  return {
    random: seededRandom(1),
    time: realTime,
    ...plainDefaults,
    primaryLimit: isServer ? null : 5000,
    secondaryLimit: isServer ? null : 900,
    primaryLimitStatus: 403,
    installationTokens: "opaque",
    ...given,
  };
}
