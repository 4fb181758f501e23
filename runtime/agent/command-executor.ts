/** The executor `command`: takes the one job the server assigns, and runs its command. */
import { finishedBy } from "./executor";
import type { Executor } from "./executor";
import { runJob } from "./job";
import { withFields } from "./json-log";
import { departure } from "./leave";

export const runCommand: Executor = async (_payload, parts) => {
  const { session, tell } = parts;
  tell.listening();
  const idle = await session.idleEnd;
  if (idle.kind === "leave") return idle;
  const { assignment } = idle;
  const log = withFields(parts.log, { job: assignment.job, attempt: assignment.attempt });
  const over = new AbortController();
  tell.interruptedBy(parts, over.signal);
  const onStarted = (): void => void tell.started().then(() => session.startAcknowledged());
  const end = await runJob(assignment, { ...parts, log, onStarted });
  over.abort();
  if (end === undefined) return { kind: "leave", why: departure(session) };
  log.info("the job ended", { exitCode: end.exitCode, signal: end.signal, reason: end.reason });
  return finishedBy(end);
};
