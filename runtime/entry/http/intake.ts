/** What handing in a job and running one again share. */
import { OnejobError } from "../../core/errors";
import type { Job } from "../../core/model";
import type { HttpContext } from "./context";

/** Before the body is read: what is handed in while the server goes down could be lost. */
export function refuseWhenClosing(context: HttpContext): () => Promise<void> {
  return async () => {
    if (!context.accepting()) throw new OnejobError("not-accepting");
  };
}

export function jobLocation(job: Job): string {
  return `/api/v1/jobs/${encodeURIComponent(job.key)}`;
}
