/** Everything about the agent's life that is a number; tests shorten what would take long. */
import { idlePollMs, logLimitBytes } from "../core/agent-protocol";

export interface AgentOptions {
  /** How long the server may hold a heartbeat's answer. */
  readonly heartbeatWaitMs: number;
  /** How often an agent without a job asks for one when the server does not hold its answers. */
  readonly idlePollMs: number;
  /** How long a single request may be silent, beyond what the server was allowed to hold it. */
  readonly answerTimeoutMs: number;
  /** First pause after a failed request, and the longest one. */
  readonly backoff: { readonly firstMs: number; readonly maxMs: number };
  /** An agent whose job has not started leaves when no server could be reached for so long. */
  readonly idleSilenceMs: number;
  /** One whose machine is its own leaves when nobody has known it for so long, in pauses. */
  readonly unknownMs: number;
  /** From the polite SIGTERM to SIGKILL. */
  readonly graceMs: number;
  /** How long an interrupted agent tries to say goodbye. */
  readonly farewellMs: number;
  /** How long the result of an ended job is offered to a server that does not come back. */
  readonly undeliveredMs: number;
  /** Least time between two reports that carry nothing but output. */
  readonly logPaceMs: number;
  /** Output kept of the job, in bytes. */
  readonly logLimitBytes: number;
  /** How long killed processes may take to disappear before the agent goes on without them. */
  readonly killLimitMs: number;
  /** How long an output that nobody closes must be quiet to count as complete. */
  readonly outputQuietMs: number;
  /** A forge's listener that says nothing counts as listening once it has lived so long. */
  readonly listenerQuietMs: number;
  /** How a forge's listener is installed. */
  readonly install: InstallOptions;
}

export interface InstallOptions {
  /** How often a request to the release server is tried. */
  readonly tries: number;
  /** How long the version that is the latest one is remembered. */
  readonly latestMs: number;
  /** A remembered version is good enough when the release server does not answer within this time … */
  readonly refreshMs: number;
  /** … and nobody asks again before this. */
  readonly refreshPauseMs: number;
  /** Versions that nobody used for so long are removed. */
  readonly unusedMs: number;
  /** An owner of the lock that gave no sign of life for so long is taken for dead. */
  readonly lockSilenceMs: number;
}

export const defaultOptions: AgentOptions = Object.freeze({
  heartbeatWaitMs: 10_000,
  idlePollMs,
  answerTimeoutMs: 30_000,
  backoff: Object.freeze({ firstMs: 100, maxMs: 5_000 }),
  idleSilenceMs: 5 * 60_000,
  unknownMs: 30 * 60_000,
  graceMs: 10_000,
  farewellMs: 5_000,
  undeliveredMs: 24 * 3_600_000,
  logPaceMs: 50,
  logLimitBytes,
  killLimitMs: 60_000,
  outputQuietMs: 1_000,
  listenerQuietMs: 2_000,
  install: Object.freeze({
    tries: 4,
    latestMs: 3_600_000,
    refreshMs: 5_000,
    refreshPauseMs: 5 * 60_000,
    unusedMs: 30 * 24 * 3_600_000,
    lockSilenceMs: 30_000,
  }),
});
