/** The welcome job: shows a newcomer what happens to a job, from the first second. */
import { isFinal, isGone } from "../../core/lifecycle";
import type { Job } from "../../core/model";
import type { Ports } from "../../core/ports";
import { prepareSubmission, submitJob } from "../../flow/submit-job";
import { readTimeline } from "../../flow/read-job";
import { stageTimes } from "../../core/timeline";
import type { Changes } from "./changes";

const script = [
  'echo "Hello from a machine of your own."',
  'echo "It was made for this job, runs as user $(id -u) in $(pwd), and is gone when the job ends."',
].join("; ");

export interface WelcomeOptions {
  readonly ports: Ports;
  readonly changes: Changes;
  /** Says what happens, one line at a time; for a person at a terminal. */
  readonly say: (line: string) => void;
}

/** Submits the job and resolves when it has ended and its runner is gone. Answers whether it ended well. */
export async function welcome({ ports, changes, say }: WelcomeOptions): Promise<boolean> {
  const submission = { command: ["sh", "-c", script], labels: [], profile: null, env: {}, timeoutMs: 60_000 };
  const prepared = await prepareSubmission({ ...submission, retries: 0, name: "welcome" }, undefined, ports);
  const ended = settled(prepared.key, changes);
  const job = await submitJob(prepared, null, ports);
  say(`Welcome job ${job.id} is queued; a machine is being made for it.`);
  const last = await ended;
  await tell(last, { ports, changes, say });
  return last.exitCode === 0;
}

function settled(key: string, changes: Changes): Promise<Job> {
  return new Promise((resolve) => {
    let last: Job | undefined;
    let runnerGone = false;
    const leave = changes.subscribe((change) => {
      if (change.kind === "job" && change.job.key === key) last = change.job;
      if (change.kind === "runner" && change.runner.job === key) runnerGone = isGone(change.runner.state);
      if (last === undefined || !isFinal(last.state) || !(runnerGone || !last.bound)) return;
      leave();
      resolve(last);
    });
  });
}

async function tell(job: Job, { ports, say }: WelcomeOptions): Promise<void> {
  const log = Buffer.from(await ports.files.readLog(job.key, 0, 64 * 1024)).toString();
  for (const line of log.trimEnd().split("\n")) say(`  | ${line}`);
  const stages = stageTimes(await readTimeline(job, ports), job.attempt);
  say(`  ${stages.map(({ stage, ms }) => `${stage} ${ms} ms`).join(" · ")}`);
  say(`The job ${job.state}, and its machine is gone. Now yours: npx --no-install onejob submit -- make test`);
}
