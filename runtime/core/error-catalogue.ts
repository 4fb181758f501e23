/**
 * The error catalogue. An exception that may reach a person carries one of these codes;
 * expected outcomes are values with a reason code instead (see `reasons.ts`).
 */
import { fleetErrors } from "./error-catalogue-fleet";

export interface CatalogueEntry {
  /** What happened; the detail of the single case follows it after a colon. */
  readonly what: string;
  /** What to do about it. */
  readonly fix: string;
  /** Whether the same request can succeed later without a change. */
  readonly retry: boolean;
  readonly httpStatus: number;
  /** Exit code of the CLI (INTERFACE, EXIT). */
  readonly exitCode: number;
}

export const catalogue = {
  "bad-config": {
    what: "the configuration is not valid",
    fix: "correct each listed path; `onejob config validate` checks it again",
    retry: false,
    httpStatus: 422,
    exitCode: 78,
  },
  "bad-request": {
    what: "the request is not valid",
    fix: "correct the named field; /openapi.json describes every request",
    retry: false,
    httpStatus: 400,
    exitCode: 2,
  },
  "bad-label": {
    what: "no profile fits these labels",
    fix: "run `onejob profiles` to see which labels exist",
    retry: false,
    httpStatus: 422,
    exitCode: 125,
  },
  "bad-profile": {
    what: "there is no such profile",
    fix: "run `onejob profiles` to see which exist",
    retry: false,
    httpStatus: 422,
    exitCode: 125,
  },
  "bundle-refused": {
    what: "the packed working folder breaks a rule",
    fix: "remove what is named (or list it in .gitignore) and submit again",
    retry: false,
    httpStatus: 422,
    exitCode: 125,
  },
  "body-too-large": {
    what: "the request is larger than allowed",
    fix: "send less, or raise the limit the message names",
    retry: false,
    httpStatus: 413,
    exitCode: 125,
  },
  "bad-media-type": {
    what: "the content type is not understood here",
    fix: "send the content type that /openapi.json names",
    retry: false,
    httpStatus: 415,
    exitCode: 125,
  },
  unauthorised: {
    what: "the token is missing or wrong",
    fix: "pass --token-file or ONEJOB_TOKEN; the server keeps its token in the file `token` of its data folder",
    retry: false,
    httpStatus: 401,
    exitCode: 77,
  },
  "bad-signature": {
    what: "the webhook's signature does not match",
    fix: "set the same secret at the source and in webhookSecrets",
    retry: false,
    httpStatus: 401,
    exitCode: 77,
  },
  "not-found": {
    what: "there is no such thing",
    fix: "run `onejob list` to see what there is",
    retry: false,
    httpStatus: 404,
    exitCode: 66,
  },
  "ambiguous-job": {
    what: "more than one job begins so",
    fix: "give more of the id",
    retry: false,
    httpStatus: 409,
    exitCode: 2,
  },
  conflict: {
    what: "it changed at the same moment",
    fix: "try again",
    retry: true,
    httpStatus: 409,
    exitCode: 1,
  },
  "not-final": {
    what: "the job has not ended yet",
    fix: "cancel it first, or wait with `onejob watch`",
    retry: true,
    httpStatus: 409,
    exitCode: 1,
  },
  "stale-attempt": {
    what: "this attempt of the job is no longer the current one",
    fix: "nothing: the agent stops by itself",
    retry: false,
    httpStatus: 409,
    exitCode: 1,
  },
  "enrolment-taken": {
    what: "another agent already holds this runner's enrolment",
    fix: "nothing: one runner serves one machine; a new one is launched where needed",
    retry: false,
    httpStatus: 410,
    exitCode: 1,
  },
  "not-accepting": {
    what: "the server is draining or shutting down and takes no new jobs",
    fix: "try again when it is back, or run `onejob drain --resume`",
    retry: true,
    httpStatus: 503,
    exitCode: 69,
  },
  "too-busy": {
    what: "the server has more waiting than it can take",
    fix: "try again after the time in Retry-After",
    retry: true,
    httpStatus: 429,
    exitCode: 69,
  },
  "not-stored": {
    what: "the server could not store this, so nothing was started",
    fix: "look at free disk space and rights of the data folder, then send it again",
    retry: true,
    httpStatus: 503,
    exitCode: 69,
  },
  unreachable: {
    what: "no Onejob server answers",
    fix: "start one with `onejob serve`, or point --url at it",
    retry: true,
    httpStatus: 503,
    exitCode: 69,
  },
  "data-dir-locked": {
    what: "another server uses this data folder",
    fix: "stop it, or give this one its own with --data-dir",
    retry: false,
    httpStatus: 503,
    exitCode: 73,
  },
  "data-dir-unwritable": {
    what: "the data folder cannot be used",
    fix: "correct its owner, rights or free space, or choose another with --data-dir",
    retry: false,
    httpStatus: 503,
    exitCode: 73,
  },
  "data-too-new": {
    what: "the data folder was written by a newer version of Onejob",
    fix: "start that version or a later one, or use another --data-dir",
    retry: false,
    httpStatus: 503,
    exitCode: 73,
  },
  "secret-missing": {
    what: "a secret cannot be read",
    fix: "put it where the config file says it is kept, or name another place there; `onejob doctor` checks it",
    retry: false,
    httpStatus: 503,
    exitCode: 78,
  },
  "source-unreachable": {
    what: "the source cannot be reached",
    fix: "check its address and credentials with `onejob doctor`; it is tried again by itself",
    retry: true,
    httpStatus: 503,
    exitCode: 69,
  },
  "source-throttled": {
    what: "the source asked us to slow down",
    fix: "nothing: it is tried again by itself once its limit allows",
    retry: true,
    httpStatus: 503,
    exitCode: 69,
  },
  "source-refused": {
    what: "the source refused what was asked of it",
    fix: "correct what the detail names; `onejob doctor` checks rights, scopes and runner groups",
    retry: false,
    httpStatus: 422,
    exitCode: 1,
  },
  ...fleetErrors,
  "port-in-use": {
    what: "the server cannot listen on its address",
    fix: "stop what listens there, or choose another address with --listen",
    retry: false,
    httpStatus: 503,
    exitCode: 74,
  },
  usage: {
    what: "the command line is not valid",
    fix: "run the command with --help",
    retry: false,
    httpStatus: 400,
    exitCode: 2,
  },
  internal: {
    what: "something went wrong inside Onejob",
    fix: "the server's log has the cause under the same request id; please report it",
    retry: true,
    httpStatus: 500,
    exitCode: 125,
  },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof catalogue;
