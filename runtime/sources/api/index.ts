/** Source `api`: jobs handed to us over our own HTTP API. We decide which runner takes which job, and stop them ourselves. */
import { apiSource as name } from "../../core/api-source";
import { OnejobError } from "../../core/errors";
import type { JobSource } from "../../core/ports";

export function apiSource(): JobSource {
  return {
    name,
    assigns: true,
    receive: () => Promise.reject(new OnejobError("not-found", "the source api takes no webhooks")),
    enrol: () => Promise.resolve({ executor: "command", payload: "" }),
    withdraw: () => Promise.resolve("withdrawn"),
    cancel: () => Promise.resolve("ours"),
  };
}
