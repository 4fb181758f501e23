/**
 * Ctrl-C during `submit`. The first one cancels the job and waits for its end; the second one leaves at once. Before
 * there can be a job, the first one leaves.
 */
import type { JobView } from "./api-types";
import { jobPath } from "./api-types";
import type { Context } from "./context";
import { persist } from "./follow";
import { errorText } from "../core/error-facts";

export class Interrupts {
  private readonly context: Context;
  private readonly leave = new AbortController();
  private readonly release: () => void;
  private count = 0;
  private place: "not sent" | "in between" | JobView = "not sent";

  constructor(context: Context) {
    this.context = context;
    this.release = context.io.onInterrupt(() => this.interrupted());
  }

  /** Fires when the program has to leave. */
  get signal(): AbortSignal {
    return this.leave.signal;
  }

  /** The job may be there, but the server has not told its name yet. */
  mayExist(): void {
    if (this.place === "not sent") this.place = "in between";
  }

  exists(job: JobView): void {
    this.place = job;
    if (this.count > 0) void this.cancel(job);
  }

  end(): void {
    this.release();
    this.leave.abort();
  }

  private interrupted(): void {
    this.count += 1;
    if (this.count > 1 || this.place === "not sent") return this.leave.abort();
    this.context.say("onejob: cancelling the job; press Ctrl-C again to leave at once");
    if (this.place !== "in between") void this.cancel(this.place);
  }

  /** Nobody waits for this promise: what goes wrong is said, and the second Ctrl-C is left to the user. */
  private async cancel({ key }: JobView): Promise<void> {
    const { api } = this.context;
    try {
      await persist(this.context, this.signal, () => api.post<unknown>(jobPath(key, "/cancel")));
    } catch (error) {
      if (!this.signal.aborted) this.context.say(`onejob: the job could not be cancelled: ${errorText(error)}`);
    }
  }
}
