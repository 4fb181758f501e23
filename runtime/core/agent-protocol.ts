/**
 * What agent and server say to each other, version 1. The agent always dials out; every message may be sent again.
 *
 * - `POST /agent/v1/enrol`     who am I? Binds the runner to this agent's nonce. 202: not yet, ask again.
 * - `POST /agent/v1/report`    what happened, in order; log output travels with it. 409: stale, stop at once.
 * - `POST /agent/v1/heartbeat` still there; the server may hold the answer up to `waitMs` to say something at once.
 * - `GET  /agent/v1/bundle`    the packed working folder of the assigned job.
 *
 * All but `enrol` carry `Authorization: Bearer <lease>`.
 */
import type { ExecutorKind } from "./model";
import type { ReasonCode } from "./reasons";
import type { ListenerSettings } from "./settings";

export const protocolVersion = 1;

export interface EnrolRequest {
  readonly protocol: number;
  readonly proof: TokenProof | SignedProof;
  /** Made once per agent process, at random. */
  readonly nonce: string;
  readonly agent: { readonly version: string; readonly os: string; readonly arch: string };
  /** When the agent process began, RFC 3339. */
  readonly bootedAt: string;
}

/** The boot token. */
export interface TokenProof {
  readonly kind: "token";
  readonly token: string;
}

/** A signed call of `sts:GetCallerIdentity` (`aws-identity.ts`): what the signature needs, and nothing to be called. */
export interface SignedProof {
  readonly kind: "aws";
  /** The header `Authorization`. */
  readonly authorization: string;
  /** The header `X-Amz-Date`. */
  readonly date: string;
  /** The header `X-Amz-Security-Token`. */
  readonly sessionToken: string;
  /** What the machine's tags say, to be confirmed; `null`: nothing yet. */
  readonly claim: { readonly profile: string; readonly runner: string } | null;
}

/** HTTP 200. */
export interface EnrolAnswer {
  readonly runner: string;
  readonly profile: string;
  /** For this runner only; gone with it. */
  readonly lease: string;
  readonly executor: { readonly kind: ExecutorKind; readonly payload: string };
  readonly heartbeatMs: number;
}

/** HTTP 202: a valid machine whose enrolment is not ready. */
export interface EnrolLater {
  readonly retryAfterMs: number;
}

/** Of a machine that is taken away: from the notice to its end, as usual, and for how long before that no job runs. */
export const interruptionMs = { notice: 2 * 60_000, last: 30_000 } as const;

export type AgentEvent =
  | { readonly type: "listening"; readonly at: string }
  | { readonly type: "started"; readonly at: string }
  /** `leftMs`: how long its job may still go on. @default as usual */
  | { readonly type: "interrupted"; readonly at: string; readonly leftMs?: number }
  | {
      readonly type: "finished";
      readonly at: string;
      /** The command's own code; `null` when it was killed or never ran. */
      readonly exitCode: number | null;
      /** Number of the signal that ended it. */
      readonly signal: number | null;
      /** Why it ended, when not by itself. */
      readonly reason: ReasonCode | null;
      readonly detail: string | null;
    };

export interface ReportRequest {
  /** The attempt this is about; 0 before a job is assigned. */
  readonly attempt: number;
  readonly events: readonly AgentEvent[];
  /** Output of the job from byte `offset` of this attempt, base64. */
  readonly log?: { readonly offset: number; readonly data: string };
}

export interface HeartbeatRequest {
  readonly attempt: number;
  /** How long the server may hold its answer, in milliseconds. */
  readonly waitMs: number;
}

/** Answer to `report` and `heartbeat`. */
export interface AgentOrders {
  /** Bytes of this attempt's log that are stored; send on from here. */
  readonly logOffset: number;
  /** The job to run, repeated until it is reported `started`. */
  readonly assignment: Assignment | null;
  /** Stop the running job, then report `finished`. */
  readonly cancel: boolean;
  /** Take no job any more: leave as soon as none runs. */
  readonly drain: boolean;
}

export interface Assignment {
  readonly job: string;
  readonly name: string;
  readonly attempt: number;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly bundle: { readonly bytes: number; readonly sha256: string } | null;
}

/** What the payload of an enrolment for the executor `github` says, as JSON. */
export interface ListenerOrders {
  readonly credential: ListenerCredential;
  /** A folder on the machine that holds `bin/Runner.Listener`, or what to install. */
  readonly runner: ListenerSettings;
}

export type ListenerCredential =
  /** `ACTIONS_RUNNER_INPUT_JITCONFIG`: the whole configuration of a runner for one job. */
  | { readonly kind: "jit"; readonly config: string }
  /** For servers that know no such thing: `configure --ephemeral` comes first. */
  | {
      readonly kind: "registration";
      /** Of the organisation or repository. */
      readonly url: string;
      readonly token: string;
      readonly name: string;
      /** "" for repositories. */
      readonly group: string;
      readonly labels: readonly string[];
    };

/** How often an idle command runner asks for a job when the server cannot hold its answer, in milliseconds. */
export const idlePollMs = 2_000;
/** Largest piece of log in one report, in bytes before base64. */
export const logChunkBytes = 256 * 1024;
/** Longest log kept of one attempt, in bytes; what follows is counted and dropped. */
export const logLimitBytes = 64 * 1024 * 1024;

/** What the compute hands the agent at launch, as one JSON line: on its standard input, or in a file. */
export type AgentBoot = BootOrders &
  (
    | { readonly bootToken: string; readonly aws?: undefined }
    /** An instance of EC2: it proves itself with its role. No credential ever stands in such orders. */
    | { readonly bootToken?: undefined; readonly aws: AwsBoot }
  );

export interface AwsBoot {
  readonly fleet: string;
  /** Of the machine and of the server alike. */
  readonly region: string;
}

export interface BootOrders {
  /** Base URL of the server. */
  readonly url: string;
  /** A file with `{url}` to read again when the server has moved (server.json); absent on remote machines. */
  readonly urlFile?: string;
  /** The server's Unix socket: then all requests go there and none to `url`, whose port may become somebody else's. */
  readonly socket?: string;
  /** The agent's own folder: spool and log. */
  readonly stateDir: string;
  /** Where the job's folder is made; removed before `finished` is reported. */
  readonly jobDir: string;
  /** Run the job as this user and group; absent: as the agent's own. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Where what many machines need (a forge's runner program) is kept once; absent: nothing outlives the machine. */
  readonly cacheDir?: string;
  /** The machine is no wall between a job and the server's host: a forge's jobs whose code comes from a fork must fail. */
  readonly refusesForks?: true;
  /** What the machine's own variables are, for the job to find: those of a container's image. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Set in the environment of every process of the job, so that none is overlooked. */
  readonly marker: Readonly<Record<string, string>>;
  /** The machine is the agent's own: it is switched off when the agent ends, however it ends. */
  readonly atEnd?: "poweroff";
}

const instant = { type: "string", format: "date-time", maxLength: 40 } as const;
const attempt = { type: "integer", minimum: 0, maximum: 1_000_000 } as const;

const tokenProof = {
  type: "object",
  required: ["kind", "token"],
  properties: { kind: { const: "token" }, token: { type: "string", minLength: 1, maxLength: 1024 } },
} as const;

const name = { type: "string", pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$" } as const;

const signedProof = {
  type: "object",
  required: ["kind", "authorization", "date", "sessionToken", "claim"],
  properties: {
    kind: { const: "aws" },
    // Headers: a line break would begin another one.
    authorization: { type: "string", pattern: "^[\\x20-\\x7e]{1,1024}$" },
    date: { type: "string", pattern: "^[0-9]{8}T[0-9]{6}Z$" },
    sessionToken: { type: "string", pattern: "^[\\x21-\\x7e]{1,8192}$" },
    claim: {
      oneOf: [
        { type: "object", required: ["profile", "runner"], properties: { profile: name, runner: name } },
        { type: "null" },
      ],
    },
  },
} as const;

/** JSON Schemas of the requests: checked at the edge, published in /openapi.json. */
export const agentSchemas = {
  enrol: {
    type: "object",
    required: ["protocol", "proof", "nonce", "agent", "bootedAt"],
    properties: {
      protocol: { type: "integer", const: protocolVersion },
      proof: { oneOf: [tokenProof, signedProof] },
      nonce: { type: "string", pattern: "^[A-Za-z0-9_-]{16,64}$" },
      agent: {
        type: "object",
        required: ["version", "os", "arch"],
        properties: {
          version: { type: "string", maxLength: 64 },
          os: { type: "string", maxLength: 32 },
          arch: { type: "string", maxLength: 32 },
        },
      },
      bootedAt: instant,
    },
  },
  report: {
    type: "object",
    required: ["attempt", "events"],
    properties: {
      attempt,
      events: {
        type: "array",
        maxItems: 64,
        items: {
          type: "object",
          required: ["type", "at"],
          properties: {
            type: { enum: ["listening", "started", "interrupted", "finished"] },
            at: instant,
            leftMs: { type: "integer", minimum: 0, maximum: 600_000 },
            exitCode: { type: ["integer", "null"], minimum: 0, maximum: 4_294_967_295 },
            signal: { type: ["integer", "null"], minimum: 1, maximum: 64 },
            reason: {
              enum: [
                ...["job-timeout", "cancelled-by-user", "bundle-refused", "command-failed", "interrupted"],
                // The machine could not run it.
                "agent-lost",
                // Of a forge's listener: it is too old or cannot be installed; it does not start.
                ...["misconfigured", "boot-failing"],
                null,
              ],
            },
            detail: { type: ["string", "null"], maxLength: 2_000 },
          },
          if: { properties: { type: { const: "finished" } } },
          then: { required: ["exitCode", "signal", "reason", "detail"] },
        },
      },
      log: {
        type: "object",
        required: ["offset", "data"],
        properties: {
          offset: { type: "integer", minimum: 0 },
          data: { type: "string", maxLength: 400_000, pattern: "^[A-Za-z0-9+/]*={0,2}$" },
        },
      },
    },
  },
  heartbeat: {
    type: "object",
    required: ["attempt", "waitMs"],
    properties: { attempt, waitMs: { type: "integer", minimum: 0, maximum: 60_000 } },
  },
} as const;
