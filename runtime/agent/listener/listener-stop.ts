/**
 * Stops a listener: SIGINT, then SIGTERM, then nothing of it is left. The first two go to it alone: it ends its worker
 * and what that runs, in an order that tells the forge of a cancelled job instead of a failed one.
 */
import type { JobProcesses } from "../job-processes";
import type { AgentOptions } from "../options";

/** `idle`: unless a job turns up meanwhile. `now`: nobody waits for its result. */
export type StopKind = "idle" | "firm" | "now";

export class ListenerStop {
  private readonly processes: JobProcesses;
  private readonly options: AgentOptions;
  private timers: readonly NodeJS.Timeout[] = [];
  private listener: number | undefined;
  private asked: "no" | "idle" | "firm" = "no";
  private hasJob = false;

  constructor({ processes, options }: { readonly processes: JobProcesses; readonly options: AgentOptions }) {
    this.processes = processes;
    this.options = options;
  }

  /** It was asked to leave before it had a job, and still has none. */
  get leaves(): boolean {
    return this.asked !== "no" && !this.hasJob;
  }

  /** Who is to be asked from now on. */
  begin(listener: number): void {
    this.listener = listener;
    if (this.asked !== "no") this.signal("SIGINT");
  }

  /** It has ended, and its number may be somebody else's soon. */
  end(): void {
    this.listener = undefined;
    this.callOff();
  }

  ask(kind: StopKind): void {
    if (kind === "now") return this.kill();
    if (kind === "idle" && this.hasJob) return;
    const before = this.asked;
    this.asked = before === "firm" ? before : kind;
    if (before !== "no") return;
    this.signal("SIGINT");
    this.timers = [
      setTimeout(() => this.signal("SIGTERM"), this.options.graceMs / 2),
      setTimeout(() => this.kill(), this.options.graceMs),
    ];
  }

  /** A job that began in the same moment is a job: let it finish. */
  jobCame(): void {
    this.hasJob = true;
    if (this.asked !== "idle") return;
    this.asked = "no";
    this.callOff();
  }

  private callOff(): void {
    for (const timer of this.timers) clearTimeout(timer);
  }

  private signal(name: NodeJS.Signals): void {
    if (this.listener === undefined) return;
    try {
      process.kill(this.listener, name);
    } catch {
      // It ended in the same moment.
    }
  }

  private kill(): void {
    void this.processes.killAll(this.options.killLimitMs);
  }
}
