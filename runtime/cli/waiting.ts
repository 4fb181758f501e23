/** Tells whoever waits for a job why it does not start, and what to do. */
import type { JobView, WhyView } from "./api-types";
import { jobPath } from "./api-types";
import { complaint } from "./context";
import type { Context } from "./context";
import { plain } from "./format";
import { sleep } from "./io";
import { reasons } from "../core/reasons";

/** Says each new reason once, until the job starts or the signal fires. Never fails: it is only a courtesy. */
export async function announceWaiting(context: Context, job: JobView, signal: AbortSignal): Promise<void> {
  let said: string | null = null;
  for (;;) {
    await sleep(context.io.patience.whyMs, signal);
    if (signal.aborted) return;
    const why = await askWhy(context, job);
    if (why === null) continue;
    if (!why.waiting) return;
    if (signal.aborted || why.reason === null || why.reason === said) continue;
    said = why.reason;
    context.say(`onejob: waiting (${plain(why.reason)}): ${plain(why.what)}\n  to do: ${plain(why.fix)}`);
  }
}

/** Why a job did not end well, for standard error. Empty where the command itself is to blame. */
export async function endReason(context: Context, job: JobView): Promise<string> {
  if (job.reason === "command-failed" || (job.reason === null && job.exitCode !== null)) return "";
  const why = (await askWhy(context, job)) ?? known(job.reason);
  const code = job.reason === null ? "" : ` (${job.reason})`;
  return complaint(`the job ${ending(job)}${code}: ${why.what}`, why.fix);
}

function ending({ state }: JobView): string {
  return state === "cancelled" ? "was cancelled" : state;
}

async function askWhy(
  context: Context,
  job: JobView,
): Promise<Pick<WhyView, "waiting" | "reason" | "what" | "fix"> | null> {
  try {
    return await context.api.get<WhyView>(jobPath(job.key, "/why"));
  } catch {
    return null;
  }
}

function known(code: string | null): { readonly what: string; readonly fix: string } {
  const entry = Object.entries(reasons).find(([name]) => name === code)?.[1];
  return entry ?? { what: "Onejob could not run it to its end", fix: "look at it with `onejob show`" };
}
