/** Stops a listener: SIGINT, as Ctrl+C in its terminal would; then SIGTERM; then nothing of it is left. */
import type { JobProcesses } from "../job-processes";
import type { AgentOptions } from "../options";

/** `idle`: unless a job turns up meanwhile. `now`: nobody waits for its result. */
export type StopKind = "idle" | "firm" | "now";

export class ListenerStop {
  private readonly processes: JobProcesses;
  private readonly options: AgentOptions;
  private timers: readonly NodeJS.Timeout[] = [];
  private isFirm = false;
  private hasJob = false;

  constructor({ processes, options }: { readonly processes: JobProcesses; readonly options: AgentOptions }) {
    this.processes = processes;
    this.options = options;
  }

  /** It was asked to leave before it had a job, and still has none. */
  get leaves(): boolean {
    return this.timers.length > 0 && !this.hasJob;
  }

  ask(kind: StopKind): void {
    if (kind === "now") return this.kill();
    if (kind === "idle" && this.hasJob) return;
    this.isFirm ||= kind === "firm";
    if (this.timers.length > 0) return;
    this.processes.terminate("SIGINT");
    this.timers = [
      setTimeout(() => this.processes.terminate("SIGTERM"), this.options.graceMs / 2),
      setTimeout(() => this.kill(), this.options.graceMs),
    ];
  }

  /** A job that began in the same moment is a job: let it finish. */
  jobCame(): void {
    this.hasJob = true;
    if (!this.isFirm) this.callOff();
  }

  /** No more signals. */
  callOff(): void {
    for (const timer of this.timers) clearTimeout(timer);
    if (this.hasJob) this.timers = [];
  }

  private kill(): void {
    void this.processes.killAll(this.options.killLimitMs);
  }
}
