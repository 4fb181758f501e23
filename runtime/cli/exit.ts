/** Exit codes (INTERFACE, EXIT). */
import { CommanderError } from "commander";
import { catalogue, OnejobError } from "../core/errors";
import type { JobView } from "./api-types";
import { ApiError } from "./api-error";

export const exit = {
  ok: 0,
  negative: 1,
  usage: 2,
  notFound: 66,
  unreachable: 69,
  unauthorised: 77,
  badConfig: 78,
  timeout: 124,
  onejobFailed: 125,
  cancelled: 130,
} as const;

/** What `submit` ends with: the command's own code where it has one, as `docker run` does. */
export function jobExit(job: JobView): number {
  if (job.state === "cancelled") return exit.cancelled;
  if (job.reason === "job-timeout") return exit.timeout;
  if (job.state === "completed") return exit.ok;
  const own = job.reason === null || job.reason === "command-failed" ? job.exitCode : null;
  // A process can hand on eight bits only; 256 must not become a success.
  return own ? Math.min(own, 255) : exit.onejobFailed;
}

/** Whether it went wrong in `submit`. */
export interface During {
  readonly submitting: boolean;
}

/** What any command ends with when it throws. `submit` keeps 125 for itself; elsewhere that is a plain 1. */
export function errorExit(error: unknown, during: During): number {
  const code = codeOf(error, during);
  return code === exit.onejobFailed && !during.submitting ? exit.negative : code;
}

function codeOf(error: unknown, during: During): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exit.ok : exit.usage;
  if (error instanceof OnejobError) return error.entry.exitCode;
  if (error instanceof ApiError) return answerExit(error, during);
  return exit.onejobFailed;
}

function answerExit(error: ApiError, { submitting }: During): number {
  const known = Object.entries(catalogue).find(([code]) => code === error.code)?.[1].exitCode;
  const code = known ?? statusExit(error.status);
  // The server was reached and said no: for a job that is Onejob's failure.
  return submitting && code === exit.unreachable ? exit.onejobFailed : code;
}

function statusExit(status: number): number {
  if (status === 401 || status === 403) return exit.unauthorised;
  if (status === 404) return exit.notFound;
  if (status === 400) return exit.usage;
  if (status === 429 || (status >= 502 && status <= 504)) return exit.unreachable;
  return exit.onejobFailed;
}
