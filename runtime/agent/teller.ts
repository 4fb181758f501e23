/** Tells the server each step of the agent's life, once and in order. */
import type { Clock } from "../core/ports";
import type { ExecutorParts, Finished } from "./executor";
import { onAbort } from "./on-abort";
import type { Reporter } from "./reporter";

export class Teller {
  /** Resolves when the server knows that we listen: from then on it may give orders. */
  readonly known: Promise<void>;
  private readonly reporter: Reporter;
  private readonly clock: Clock;
  private makeKnown: () => void = () => undefined;
  private isListening = false;
  private isInterrupted = false;
  private begun: Promise<void> | undefined;

  constructor({ reporter, clock }: { readonly reporter: Reporter; readonly clock: Clock }) {
    this.reporter = reporter;
    this.clock = clock;
    this.known = new Promise((resolve) => {
      this.makeKnown = resolve;
    });
  }

  listening(): void {
    if (this.isListening) return;
    this.isListening = true;
    void this.push("listening").then(this.makeKnown);
  }

  /** Not before the server knows that we listen. Resolves when it knows this too. */
  started(): Promise<void> {
    this.listening();
    return (this.begun ??= this.known.then(() => this.push("started")));
  }

  /** Once, by whichever comes first. */
  interruptedBy(signs: Pick<ExecutorParts, "notice" | "shutdown">, until: AbortSignal): void {
    const tell = (leftMs: number): void => {
      if (this.isInterrupted) return;
      this.isInterrupted = true;
      void this.reporter.push({ type: "interrupted", at: this.now(), leftMs });
    };
    const { notice, shutdown } = signs;
    if (notice !== undefined) onAbort(notice, () => tell(leftOf(notice)), until);
    onAbort(shutdown, () => tell(0), until);
  }

  /** Resolves when the server knows. */
  async finished(event: Finished): Promise<void> {
    if (this.begun !== undefined) await this.known;
    await this.reporter.push(event);
  }

  private push(type: "listening" | "started"): Promise<void> {
    return this.reporter.push({ type, at: this.now() });
  }

  private now(): string {
    return new Date(this.clock.now()).toISOString();
  }
}

/** Whoever gives the notice says with it how many milliseconds are left. */
function leftOf({ reason }: AbortSignal): number {
  return typeof reason === "number" ? Math.round(reason) : 0;
}
