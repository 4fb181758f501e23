/** The agent's life: enrol → listening → one job (or none) → finished → gone. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { AgentBoot, EnrolAnswer } from "../core/agent-protocol";
import type { ExecutorKind } from "../core/model";
import type { Clock, Log, Random } from "../core/ports";
import type { Imds } from "./aws/imds";
import { rest } from "./backoff";
import { runCommand } from "./command-executor";
import { enrol } from "./enrol";
import { keepInTouch } from "./heartbeat";
import type { Executor, Finished } from "./executor";
import type { JobEnvironmentParts } from "./job-environment";
import type { JobProcesses } from "./job-processes";
import { withFields } from "./json-log";
import { departure, leave } from "./leave";
import type { Departure } from "./leave";
import { runListener } from "./listener/run-listener";
import { onAbort } from "./on-abort";
import type { AgentOptions } from "./options";
import { openOutputPipe } from "./output-pipe";
import type { OutputPipe } from "./output-pipe";
import { OutputSpool } from "./output-spool";
import { Reporter } from "./reporter";
import { ServerAddress } from "./server-address";
import { ServerClient } from "./server-client";
import { Session } from "./session";
import { Teller } from "./teller";
import { errorText } from "../core/error-facts";

export interface AgentDeps {
  readonly clock: Clock;
  /** Grows evenly, also when somebody sets the clock. */
  readonly uptimeMs: () => number;
  readonly random: Pick<Random, "id" | "fraction">;
  readonly log: Log;
  readonly options: AgentOptions;
  readonly processes: JobProcesses;
  readonly version: string;
  readonly bootedAt: number;
  /** The search path and language the job gets. */
  readonly inherited: JobEnvironmentParts["inherited"];
  /** Aborted when it is announced that the machine will be taken away: no job is taken any more. @default never */
  readonly notice?: AbortSignal;
  /** Aborted when the machine is taken away (SIGTERM). */
  readonly shutdown: AbortSignal;
  /** Of a machine on AWS. @default the machine's own */
  readonly imds?: Imds;
}

const executors: Readonly<Record<ExecutorKind, Executor>> = { command: runCommand, github: runListener };

/** Where the job's output goes. */
interface Spooled {
  readonly spool: OutputSpool;
  readonly output: OutputPipe | undefined;
}

interface Life extends AgentDeps, Spooled {
  readonly boot: AgentBoot;
  readonly session: Session;
  readonly client: ServerClient;
}

/** Answers the exit code. */
export async function runAgent(boot: AgentBoot, deps: AgentDeps): Promise<number> {
  const session = new Session();
  const { options, uptimeMs } = deps;
  const onSilence = (silentMs: number): void => void (silentMs > options.idleSilenceMs && session.giveUp());
  const address = new ServerAddress(boot);
  const client = new ServerClient({ address, options, uptimeMs, onSilence });
  onAbort(deps.shutdown, () => session.interrupt());
  if (deps.notice !== undefined) onAbort(deps.notice, () => session.expectEnd());
  try {
    const [opened, enrolled] = await Promise.all([
      openSpool(boot, deps),
      enrol({ ...deps, boot, client }, session.stopSignal),
    ]);
    try {
      if (enrolled.kind === "refused") return refuse(enrolled.status, deps.log);
      if (enrolled.kind === "forgotten") return leave("silent", deps.log);
      if (enrolled.kind === "stopped") return leave(departure(session), deps.log);
      const log = withFields(deps.log, { runner: enrolled.answer.runner });
      return leave(await live(enrolled.answer, { ...deps, ...opened, log, boot, session, client }), log);
    } finally {
      await closeSpool(opened);
    }
  } catch (error) {
    deps.log.error("the agent failed", { problem: errorText(error) });
    deps.processes.killNow();
    return leave("failed", deps.log);
  } finally {
    client.close();
  }
}

async function openSpool(boot: AgentBoot, { options, inherited }: AgentDeps): Promise<Spooled> {
  await mkdir(boot.stateDir, { recursive: true, mode: 0o700 });
  const spool = await OutputSpool.open(join(boot.stateDir, "output.log"), options.logLimitBytes);
  const path = join(boot.stateDir, "output.pipe");
  return { spool, output: await openOutputPipe(path, { searchPath: inherited.path, user: boot.user }) };
}

async function closeSpool({ spool, output }: Spooled): Promise<void> {
  output?.readEnd.destroy();
  await output?.release();
  await spool.close();
}

function refuse(status: number, log: Log): number {
  log.error("the server refuses this machine; it may have been replaced", { status });
  return leave("refused", log);
}

async function live(enrolled: EnrolAnswer, life: Life): Promise<Departure> {
  const reporter = new Reporter(life);
  const tell = new Teller({ reporter, clock: life.clock });
  const talk = new AbortController();
  const touch = new AbortController();
  onAbort(talk.signal, () => touch.abort());
  // No job before the server knows that we listen; but who installs something first must be heard of meanwhile.
  const ready = enrolled.executor.kind === "command" ? tell.known : Promise.resolve();
  const touching = ready.then(() => keepInTouch({ ...life, heartbeatMs: enrolled.heartbeatMs }, touch.signal));
  const reporting = reporter.run(talk.signal);
  // Neither ends by itself; if one breaks, so does the agent.
  const broken = new Promise<never>((_, reject) => void Promise.all([touching, reporting]).catch(reject));
  const serving = serve(enrolled, { ...life, tell }, () => touch.abort());
  try {
    return await Promise.race([serving, broken]);
  } catch (error) {
    life.session.abandon();
    await Promise.race([serving.catch(() => undefined), rest(life.options.farewellMs, talk.signal)]);
    throw error;
  } finally {
    talk.abort();
  }
}

type Serving = Life & { readonly tell: Teller };

async function serve({ executor }: EnrolAnswer, life: Serving, stopTouch: () => void): Promise<Departure> {
  const outcome = await executors[executor.kind](executor.payload, life);
  if (outcome.kind === "leave") return outcome.why;
  // From here on the server may drop the runner at any moment; only the answer to the report counts.
  stopTouch();
  return deliver(outcome.event, life);
}

async function deliver(finished: Finished, life: Serving): Promise<Departure> {
  const { session, options, shutdown, tell } = life;
  const over = new AbortController();
  const limit = async (ms: number): Promise<Departure> => {
    await sleep(ms, undefined, { signal: over.signal }).catch(() => undefined);
    return "undelivered";
  };
  const abandoned = new Promise<Departure>((resolve) => onAbort(session.abandonSignal, () => resolve("stale")));
  const hurried = new Promise<void>((resolve) => onAbort(shutdown, resolve));
  try {
    return await Promise.race([
      tell.finished(finished).then((): Departure => "finished"),
      abandoned,
      limit(options.undeliveredMs),
      hurried.then(() => limit(options.farewellMs)),
    ]);
  } finally {
    over.abort();
  }
}
