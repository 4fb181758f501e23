import type { Command } from "commander";
import { isFinal } from "../../core/lifecycle";
import { ApiError } from "../api-error";
import type { JobView, RunnerView } from "../api-types";
import { jobPath } from "../api-types";
import type { Context } from "../context";
import { exit } from "../exit";
import type { Telling } from "../follow";
import { persist } from "../follow";
import { Looks } from "../looks";
import { plain } from "../format";
import { statePaint } from "../render";
import { serverEvents } from "../sse";
import type { Act } from "./command";
import { examples, jobArgument } from "./command";

export function watch(program: Command, act: Act): void {
  program
    .command("watch")
    .summary("watch jobs and runners change, one line per change")
    .description(
      "Prints one line per change of a job or runner, as it happens; with --output json one JSON value per line.\n" +
        "With a job: until that job has ended; exits 0 when it completed, 1 otherwise.",
    )
    .argument("[job]", jobArgument)
    .addHelpText("after", examples("onejob watch", "onejob watch 01jxyz && echo done"))
    .action(act(run));
}

async function run(context: Context, id: string | undefined): Promise<number> {
  const stop = new AbortController();
  const key = id === undefined ? null : (await context.api.get<JobView>(jobPath(id))).key;
  const view = new Changes(context, key);
  try {
    const ended = await persist(context, stop.signal, (telling) => view.follow(stop.signal, telling));
    return ended?.state === "completed" ? exit.ok : exit.negative;
  } finally {
    stop.abort();
  }
}

/** Prints what changed; after a break it looks again, so that no change of the watched job is missed. */
class Changes {
  private readonly context: Context;
  private readonly key: string | null;
  /** There when the server does not tell of changes by itself. */
  private looks: Looks | null = null;
  private last = "";

  constructor(context: Context, key: string | null) {
    this.context = context;
    this.key = key;
  }

  /** Resolves with the watched job when it has ended; `undefined` when the stream broke off. */
  async follow(outer: AbortSignal, telling: Telling): Promise<JobView | undefined> {
    if (this.looks !== null) return this.look(this.looks, telling);
    try {
      return await this.stream(outer, telling);
    } catch (error) {
      // Nothing is held open by a function: it has no such route.
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
      this.looks = new Looks(this.context.api);
      return this.look(this.looks, telling);
    }
  }

  private async look(looks: Looks, { somethingNew }: Telling): Promise<JobView | undefined> {
    const before = this.last;
    const changes = this.key === null ? await looks.changes() : [{ event: "job", change: await this.job(this.key) }];
    const ended = changes.map(({ event, change }) => this.take(event, change)).find((job) => job !== undefined);
    if (this.last !== before) somethingNew();
    return ended;
  }

  private async stream(outer: AbortSignal, { inContact }: Telling): Promise<JobView | undefined> {
    const stop = new AbortController();
    const end = (): void => stop.abort();
    outer.addEventListener("abort", end, { once: true });
    try {
      const accept = "text/event-stream";
      const { content } = await this.context.api.stream("/api/v1/events", { accept, signal: stop.signal });
      inContact();
      // Looked at once the stream is open: what happens in between is in one or the other.
      const first = await this.peek();
      if (first !== undefined) return first;
      for await (const { event, data } of serverEvents(content)) {
        const ended = this.take(event, JSON.parse(data) as unknown);
        if (ended !== undefined) return ended;
      }
      return undefined;
    } finally {
      outer.removeEventListener("abort", end);
      stop.abort();
    }
  }

  private async peek(): Promise<JobView | undefined> {
    return this.key === null ? undefined : this.take("job", await this.job(this.key));
  }

  private job(key: string): Promise<JobView> {
    return this.context.api.get<JobView>(jobPath(key));
  }

  private take(event: string, change: unknown): JobView | undefined {
    if (event === "runner" && this.key === null) this.print(change, runnerLine(this.context, change as RunnerView));
    if (event !== "job") return undefined;
    const job = change as JobView;
    if (this.key !== null && job.key !== this.key) return undefined;
    this.print(job, jobLine(this.context, job));
    return this.key !== null && isFinal(job.state) ? job : undefined;
  }

  private print(change: unknown, line: string): void {
    const data = JSON.stringify(change);
    if (data === this.last) return;
    this.last = data;
    this.context.print(this.context.options.output === "json" ? `${data}\n` : line);
  }
}

function jobLine({ colors }: Context, job: JobView): string {
  const reason = job.reason === null ? "" : ` (${job.reason})`;
  const code = job.exitCode === null ? "" : ` exit ${job.exitCode}`;
  const state = statePaint(job.state, colors)(job.state);
  return `${changedAt(job)}  job     ${plain(job.key)}  ${state}${plain(reason)}${code}\n`;
}

function runnerLine({ colors }: Context, runner: RunnerView): string {
  const job = runner.job === null ? "" : `  ${plain(runner.job)}`;
  return `${runner.lastHeartbeatAt ?? runner.createdAt}  runner  ${plain(runner.name)}  ${statePaint(runner.state, colors)(runner.state)}${job}\n`;
}

function changedAt({ finishedAt, startedAt, queuedAt }: JobView): string {
  return finishedAt ?? startedAt ?? queuedAt;
}
