/** Runs an ended job again: one of ours as a new job at once, a forge's by asking the forge, which makes a new one. */
import { OnejobError } from "../core/errors";
import { isInterruptedThere } from "../core/interruption";
import { isFinal } from "../core/lifecycle";
import { jobIds } from "../core/log-ids";
import type { Job, JobKey, JobWork } from "../core/model";
import type { Message, Ports, RerunWish } from "../core/ports";
import { rerunOnce } from "./interruption";
import { findJob } from "./moves";
import { prepareSubmission, submitJob } from "./submit-job";

export type Rerun =
  | { readonly kind: "created"; readonly job: Job }
  /** It comes back as a new job of its source; `later`: once the rest of its run is over. */
  | { readonly kind: "asked" | "later"; readonly job: Job };

/** Throws `not-found`, `not-final`, and what the source throws. */
export async function rerunJob(job: Job, ports: Ports): Promise<Rerun> {
  if (!isFinal(job.state)) throw new OnejobError("not-final", job.key);
  const answer = (await ports.source(job.source)?.rerun(job, { unlessDone: false })) ?? noSource(job);
  if (answer === "ours") {
    const again = await submitAgain(job, ports);
    ports.log.info("job is run again", { ...jobIds(job), again: again.key });
    return { kind: "created", job: again };
  }
  if (answer === "later") await ports.queue.send([{ kind: "rerun", job: job.key, profile: job.profile }]);
  return { kind: answer, job };
}

type Again = Pick<Extract<Message, { readonly kind: "rerun" }>, "job" | "profile" | "of">;

/** Throws `conflict` while the source does not allow it, so that the message comes again; refused for good, it ends. */
export async function rerunLater({ job: key, profile, of }: Again, ports: Ports): Promise<void> {
  const job = await findJob(key, profile, ports);
  if (job === undefined) return;
  if (of === "interruption" && !isFinal(job.state)) throw new OnejobError("conflict", `${key} has not ended yet`);
  if (of === "interruption" && !isInterruptedThere(job)) return;
  const answer = await rerunOnce(job, () => askToRerun(job, { unlessDone: of === "interruption" }, ports), ports);
  if (answer === "asked") ports.log.info("job is run again", { ...jobIds(job), reason: job.reason });
  if (answer === "later")
    throw new OnejobError("conflict", `the run of ${key} goes on, it can be run again after that`);
}

async function askToRerun(job: Job, wish: RerunWish, ports: Ports): Promise<"asked" | "later" | "ours" | "refused"> {
  try {
    return (await ports.source(job.source)?.rerun(job, wish)) ?? "refused";
  } catch (error) {
    if (!(error instanceof OnejobError) || error.code !== "source-refused") throw error;
    ports.log.warn("the source does not run a job again", { ...jobIds(job), error });
    return "refused";
  }
}

function noSource(job: Job): never {
  throw new OnejobError("bad-request", `the source "${job.source}" of ${job.key} is not configured any more`);
}

async function submitAgain(job: Job, ports: Ports): Promise<Job> {
  if (job.work === null) throw new OnejobError("bad-request", `${job.key} has to be run again at its source`);
  const { command, env, timeoutMs } = job.work;
  const { labels, profile, retries, name } = job;
  const submission = { command, env, timeoutMs, labels, profile, retries, name };
  const prepared = await prepareSubmission(submission, undefined, ports);
  return submitJob(prepared, await copyBundle(job, prepared.key, ports), ports);
}

async function copyBundle(job: Job, to: JobKey, ports: Ports): Promise<JobWork["bundle"]> {
  if (!job.work?.bundle) return null;
  const content = await ports.files.openBundle(job.key);
  if (content === undefined)
    throw new OnejobError(
      "not-found",
      `the working folder of ${job.key} is no longer kept; submit it again from there`,
    );
  return ports.files.putBundle(to, content);
}
