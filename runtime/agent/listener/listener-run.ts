/** One listener that is ready to start: from its first process to its last, and what its end means. */
import { join } from "node:path";
import type { ListenerCredential } from "../../core/agent-protocol";
import { startCommand } from "../command";
import type { CommandEnd } from "../command";
import type { ExecutorParts } from "../executor";
import { endedBy, reportable } from "../job";
import type { JobEnd } from "../job";
import { startOutputFlow } from "../job-output";
import { onAbort } from "../on-abort";
import type { OutputPipe } from "../output-pipe";
import { judgeEnd } from "./listener-end";
import { configureInputs, runInputs, secretOf } from "./listener-environment";
import { ListenerOutput } from "./listener-output";
import { ListenerRefusal } from "./listener-refusal";
import { ListenerStop } from "./listener-stop";
import { foreignKind } from "./program-kind";
import { listenerProgram } from "./runner-program";

export type Environment = Readonly<Record<string, string>>;

export interface Prepared {
  readonly credential: ListenerCredential;
  /** The private copy. */
  readonly folder: string;
  /** Where it came from, as people know it. */
  readonly origin: string;
  /** With what this one process is told. */
  readonly environment: (inputs: Environment) => Environment;
}

type Ended = CommandEnd & { readonly at: number };

export class ListenerRun {
  private readonly prepared: Prepared;
  private readonly parts: ExecutorParts;
  private readonly stop: ListenerStop;
  private readonly output: ListenerOutput;
  private hadJob = false;
  private quiet: NodeJS.Timeout | undefined;

  constructor(prepared: Prepared, parts: ExecutorParts) {
    this.prepared = prepared;
    this.parts = parts;
    this.stop = new ListenerStop(parts);
    this.output = new ListenerOutput({
      secret: secretOf(prepared.credential),
      onListening: () => parts.tell.listening(),
      onJob: () => this.jobCame(),
    });
  }

  async live(): Promise<JobEnd> {
    const { credential } = this.prepared;
    const over = this.obeyOrders();
    try {
      if (credential.kind === "registration") {
        const configured = await this.run("configure", configureInputs(credential), undefined);
        if (configured.exitCode !== 0 || this.parts.session.stopSignal.aborted) return await this.judge(configured);
      }
      return await this.judge(await this.listen(runInputs(credential)));
    } finally {
      over.abort();
      this.stop.end();
    }
  }

  private async listen(inputs: Environment): Promise<Ended> {
    const { tell, options, output } = this.parts;
    this.quiet = setTimeout(() => tell.listening(), options.listenerQuietMs);
    try {
      return await this.run("run", inputs, output);
    } finally {
      clearTimeout(this.quiet);
      await output?.release();
    }
  }

  private async run(command: string, inputs: Environment, output: OutputPipe | undefined): Promise<Ended> {
    const { boot, processes, log, options, clock } = this.parts;
    const { folder, environment, origin } = this.prepared;
    const program = join(folder, listenerProgram);
    const spec = { command: [program, command], folder, environment: environment(inputs), user: boot.user, output };
    const started = await startCommand(spec);
    await output?.release();
    if (!started.ok) throw cannotStart(origin, started.code);
    processes.adopt(started.pid);
    this.stop.begin(started.pid);
    log.info("listener started", { command, listenerPid: started.pid });
    const flow = startOutputFlow(started.outputs, this.output, log);
    const end = await started.ended;
    this.stop.end();
    clearTimeout(this.quiet);
    const at = clock.now();
    if (!(await processes.killAll(options.killLimitMs))) log.error("processes of the job do not go away");
    await flow.drain(options.outputQuietMs);
    return { ...end, at };
  }

  private jobCame(): void {
    if (this.hadJob) return;
    this.hadJob = true;
    const { session, tell, log } = this.parts;
    session.started();
    this.stop.jobCame();
    log.info("the listener has a job");
    void tell.started().then(() => session.startAcknowledged());
  }

  private obeyOrders(): AbortController {
    const { session } = this.parts;
    const over = new AbortController();
    const leave = (): void => {
      if (!over.signal.aborted && !session.stopSignal.aborted) this.stop.ask("idle");
    };
    void session.idleEnd.then(leave);
    onAbort(session.stopSignal, () => this.stop.ask(stopKind(session.stopReason)), over.signal);
    return over;
  }

  private async judge(end: Ended): Promise<JobEnd> {
    const { session, clock } = this.parts;
    const { folder, origin } = this.prepared;
    const verdict = judgeEnd(end, {
      stopped: reportable(session),
      leaves: this.stop.leaves,
      hadJob: this.hadJob,
      lastLines: this.output.lastLines,
      origin,
      foreign: await foreignKind(join(folder, listenerProgram), process),
    });
    return { ...endedBy(verdict.reason, verdict.detail, clock), ...end };
  }
}

/** Out of reach of the server the forge may still give it a job; told to go away, nobody wants that job's result. */
function stopKind(reason: ExecutorParts["session"]["stopReason"]): "idle" | "firm" | "now" {
  if (reason === "silent") return "idle";
  return reason === "stale" ? "now" : "firm";
}

function cannotStart(origin: string, code: string): ListenerRefusal {
  const hint = code === "ENOENT" ? "; what it needs to start (its interpreter or loader) is missing here" : "";
  return new ListenerRefusal("misconfigured", `bin/Runner.Listener of ${origin} cannot be started (${code})${hint}`);
}
