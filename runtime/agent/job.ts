/**
 * One job from its assignment to nothing left of it: folders, bundle, command, stop, every process gone, output kept,
 * folders removed. Whatever goes wrong becomes an end with a reason; only `abandoned` is not to be reported.
 */
import type { Assignment } from "../core/agent-protocol";
import type { Clock } from "../core/ports";
import type { ReasonCode } from "../core/reasons";
import { removeTree } from "../machine/remove-tree";
import { bringBundle } from "./bundle";
import type { BundleParts } from "./bundle";
import { startCommand } from "./command";
import type { CommandEnd, StartedCommand } from "./command";
import { jobEnvironment } from "./job-environment";
import type { JobEnvironmentParts } from "./job-environment";
import { makeJobFolders } from "./job-folders";
import type { JobFolders } from "./job-folders";
import { startOutputFlow } from "./job-output";
import type { JobProcesses } from "./job-processes";
import type { OutputPipe } from "./output-pipe";
import type { OutputSpool } from "./output-spool";
import type { Session } from "./session";
import { errorText } from "../core/error-facts";

export interface JobParts extends BundleParts {
  readonly clock: Clock;
  readonly inherited: JobEnvironmentParts["inherited"];
  readonly processes: JobProcesses;
  readonly spool: OutputSpool;
  readonly output: OutputPipe | undefined;
  readonly onStarted: () => void;
}

export type JobEnd = CommandEnd & {
  readonly at: number;
  readonly reason: ReasonCode | null;
  readonly detail: string | null;
};

const longestDetail = 2_000;
const longestTimer = 2 ** 31 - 1;

/** `undefined`: nobody is to be told. */
export async function runJob(assignment: Assignment, parts: JobParts): Promise<JobEnd | undefined> {
  const end = await perform(assignment, parts).catch((error: unknown): JobEnd => {
    parts.log.error("the job could not be run", { problem: errorText(error) });
    return endedBy(
      reportable(parts.session) ?? "agent-lost",
      `the machine could not run it: ${errorText(error)}`,
      parts.clock,
    );
  });
  await removeTree(parts.boot.jobDir, parts.boot.user).catch((error: unknown) => {
    parts.log.error("the folder of the job could not be removed", { problem: errorText(error) });
  });
  return parts.session.abandonSignal.aborted ? undefined : end;
}

async function perform(assignment: Assignment, parts: JobParts): Promise<JobEnd> {
  const { boot, session, clock } = parts;
  const folders = await makeJobFolders(boot.jobDir, boot.user);
  if (assignment.bundle !== null && !session.stopSignal.aborted) {
    const brought = await bringBundle(assignment.bundle, folders.work, parts);
    if (brought.kind === "refused") return endedBy("bundle-refused", brought.problem, clock);
  }
  if (session.stopSignal.aborted) return endedBy(reportable(session), null, clock);
  const command = await start(assignment, folders, parts);
  session.started();
  parts.onStarted();
  if (command.ok) return see(command, assignment.timeoutMs, parts);
  await parts.spool.append(Buffer.from(command.line));
  return { exitCode: command.exitCode, signal: null, reason: null, detail: null, at: clock.now() };
}

async function start(assignment: Assignment, folders: JobFolders, parts: JobParts): Promise<StartedCommand> {
  const { boot, inherited, output } = parts;
  const environment = jobEnvironment({ assignment, boot, folders, inherited });
  const { command } = assignment;
  const started = await startCommand({ command, folder: folders.work, environment, user: boot.user, output });
  await output?.release();
  if (started.ok) parts.processes.adopt(started.pid);
  return started;
}

/** From the running command to its last process and its last byte. */
async function see(command: StartedCommand & { ok: true }, timeoutMs: number, parts: JobParts): Promise<JobEnd> {
  const { session, processes, options, log, clock } = parts;
  const flow = startOutputFlow(command.outputs, parts.spool, log);
  const timeout = setTimeout(() => session.stop("job-timeout"), Math.min(timeoutMs, longestTimer));
  const release = stopWhenAsked(parts);
  const end = await command.ended;
  const at = clock.now();
  const reason = reportable(session);
  clearTimeout(timeout);
  release();
  if (!(await processes.killAll(options.killLimitMs))) log.error("processes of the job do not go away");
  await flow.drain(options.outputQuietMs);
  return { ...end, at, reason, detail: null };
}

/** Politely first, unless nobody waits for the result. Answers how to stop watching. */
function stopWhenAsked({ session, processes, options }: JobParts): () => void {
  let grace: NodeJS.Timeout | undefined;
  const kill = (): void => void processes.killAll(options.killLimitMs);
  const stop = (): void => {
    processes.terminate();
    grace = setTimeout(kill, options.graceMs);
  };
  const watch = (signal: AbortSignal, act: () => void): void => {
    if (signal.aborted) act();
    else signal.addEventListener("abort", act, { once: true });
  };
  watch(session.stopSignal, stop);
  watch(session.abandonSignal, kill);
  return () => {
    clearTimeout(grace);
    session.stopSignal.removeEventListener("abort", stop);
    session.abandonSignal.removeEventListener("abort", kill);
  };
}

/** As the server is told why a job was stopped; `null`: it was not. */
export function reportable({ stopReason }: Session): ReasonCode | null {
  return stopReason === "stale" || stopReason === "silent" ? "interrupted" : stopReason;
}

export function endedBy(reason: ReasonCode | null, detail: string | null, clock: Clock): JobEnd {
  return { exitCode: null, signal: null, reason, detail: detail?.slice(0, longestDetail) ?? null, at: clock.now() };
}
