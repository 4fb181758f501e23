/**
 * Waits until nothing of a draining fleet is left, by what the fleet says of its runners and by what EC2 lists under its
 * tag. Both must say so, and go on saying so for a while: a listing may be older than the last launch.
 */
import { errorText } from "../../core/error-facts";
import { OnejobError } from "../../core/errors";
import type { ListView, RunnerView } from "../api-types";
import { isTransient } from "../client";
import type { Context } from "../context";
import { duration, plain } from "../format";
import { sleep } from "../io";
import type { Seen } from "./leftovers";
import { counted, described, isStanding } from "./leftovers";
import type { Machines } from "./machines";

export interface DrainOrder {
  readonly fleet: string;
  readonly machines: Machines;
  /** Ends machines itself, once the fleet has had its time to. */
  readonly now: boolean;
  readonly timeoutMs: number;
  /** The user leaves; the fleet goes on draining. */
  readonly signal: AbortSignal;
}

export interface Outcome {
  readonly end: "empty" | "too late" | "left alone";
  /** The last that was seen. */
  readonly seen: Seen;
}

/** A line that says nothing new is repeated so often, to show that somebody still waits. */
const repeatMs = 60_000;

export class Draining {
  private readonly context: Context;
  private readonly order: DrainOrder;
  private readonly began: number;
  private seen: Seen = { runners: [], left: [] };
  private emptySince: number | null = null;
  private awaySince: number | null = null;
  private endedAt: number;
  private said = { line: "", at: 0 };

  constructor(context: Context, order: DrainOrder) {
    this.context = context;
    this.order = order;
    this.began = context.io.now();
    this.endedAt = this.began;
  }

  /** Throws what neither the fleet nor AWS will answer better in a while. */
  async done(): Promise<Outcome> {
    const { io } = this.context;
    const { signal, timeoutMs } = this.order;
    // Whoever wants to leave does not wait for an answer that is under way.
    const aborted = new Promise<false>((resolve) => signal.addEventListener("abort", () => resolve(false)));
    while (!signal.aborted) {
      const looked = await Promise.race([this.look(), aborted]);
      if (signal.aborted) break;
      if (looked && this.isEmpty()) return { end: "empty", seen: this.seen };
      if (looked && this.order.now) await this.endWhatStands();
      const isLate = io.now() - this.began >= timeoutMs;
      if (isLate && this.emptySince === null) return { end: "too late", seen: this.seen };
      await sleep(io.patience.lookMs, signal);
    }
    return { end: "left alone", seen: this.seen };
  }

  /** Answers whether something was seen. Trouble on the way is borne for a while. */
  private async look(): Promise<boolean> {
    const { context, order } = this;
    try {
      const [{ items }, left] = await Promise.all([
        context.api.get<ListView<RunnerView>>("/api/v1/runners"),
        order.machines.left(order.fleet),
      ]);
      this.seen = { runners: items, left };
      this.awaySince = null;
      return true;
    } catch (error) {
      // Nothing is known of the time in between.
      this.emptySince = null;
      this.bear(error);
      return false;
    }
  }

  private bear(error: unknown): void {
    const { io } = this.context;
    const passes = isTransient(error) || (error instanceof OnejobError && error.code === "aws-unreachable");
    if (!passes) throw error;
    if (this.awaySince === null) this.context.say(`onejob: ${plain(errorText(error))}; trying again ...`);
    this.awaySince ??= io.now();
    if (io.now() - this.awaySince >= io.patience.giveUpMs) throw error;
  }

  private isEmpty(): boolean {
    const { now, patience } = this.context.io;
    const { runners, left } = this.seen;
    if (runners.length + left.length > 0) {
      this.emptySince = null;
      this.tell();
      return false;
    }
    if (this.emptySince === null) {
      this.emptySince = now();
      this.context.say(`onejob: nothing is left; looking for ${duration(patience.settleMs)} more, as lists of EC2 lag`);
    }
    return now() - this.emptySince >= patience.settleMs;
  }

  private tell(): void {
    const { io, say } = this.context;
    const { runners, left } = this.seen;
    const line = `${counted([...left.map(({ kind }) => kind), ...runners.map(() => "runner")])} left`;
    if (line === this.said.line && io.now() - this.said.at < repeatMs) return;
    this.said = { line, at: io.now() };
    say(`onejob: ${line}${this.longest() ?? (runners.length === 0 ? `: ${described(left)}` : "")}`);
  }

  private longest(): string | undefined {
    const busy = this.seen.runners.filter(({ job }) => job !== null);
    const [first] = busy.sort((a, b) => a.createdAt.localeCompare(b.createdAt));
    if (first === undefined) return undefined;
    const since = duration(Math.max(0, this.context.io.now() - Date.parse(first.createdAt)));
    return `; the oldest, ${plain(first.name)}, has ${plain(first.job ?? "")} and is ${since} old`;
  }

  /** The fleet's own sweep ends what it knows and what it does not know; what it leaves is ended by its tag. */
  private async endWhatStands(): Promise<void> {
    const { io, say } = this.context;
    if (io.now() - this.endedAt < io.patience.endMs) return;
    const standing = this.seen.left.filter(isStanding).map(({ id }) => id);
    if (standing.length === 0) return;
    this.endedAt = io.now();
    say(`onejob: the fleet did not end ${standing.join(", ")}: ending what has its tag`);
    try {
      await this.order.machines.terminate(standing);
    } catch (error) {
      say(`onejob: ${plain(errorText(error))}`);
    }
  }
}
