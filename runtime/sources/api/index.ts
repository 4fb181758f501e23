/** Source `api`: jobs handed to us over our own HTTP API. We decide which runner takes which job, and stop them ourselves. */
import { apiSource as name } from "../../core/api-source";
import { OnejobError } from "../../core/errors";
import type { JobSource } from "../../core/ports";

export function apiSource(): JobSource {
  return {
    name,
    assigns: true,
    announces: true,
    receive: () => Promise.reject(new OnejobError("not-found", "the source api takes no webhooks")),
    enrol: () => Promise.resolve({ executor: "command", payload: "", handle: null }),
    withdraw: () => Promise.resolve("withdrawn"),
    cancel: () => Promise.resolve("ours"),
    rerun: () => Promise.resolve("ours"),
    // There is no other place that could know more of them than we do.
    jobState: () => Promise.resolve(undefined),
    isFork: () => Promise.resolve(false),
    findJobs: () => Promise.resolve([]),
    redeliverLost: () => Promise.resolve(0),
    removeGhosts: () => Promise.resolve(0),
  };
}
