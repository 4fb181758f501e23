import type { Command } from "commander";
import { isFinal } from "../../core/lifecycle";
import type { Stage } from "../../core/model";
import { stageTimes } from "../../core/timeline";
import type { JobView, ListView, TimelineView } from "../api-types";
import { jobPath } from "../api-types";
import type { Context } from "../context";
import { exit } from "../exit";
import { bars, facts, table } from "../render";
import type { Act } from "./command";
import { examples, jobArgument } from "./command";
import { took } from "./list";

export function show(program: Command, act: Act): void {
  program
    .command("show")
    .summary("show a job: its facts and its timeline")
    .description("Shows what is known about a job, and everything that happened to it.")
    .argument("<job>", jobArgument)
    .addHelpText("after", examples("onejob show 01jxyz", "onejob show 01jxyz --output json"))
    .action(act(run));
}

async function run(context: Context, id: string): Promise<number> {
  const job = await context.api.get<JobView>(jobPath(id));
  const { items } = await context.api.get<ListView<TimelineView>>(jobPath(job.key, "/timeline"));
  context.emit({ ...job, timeline: items }, () => text(context, job, items));
  return exit.ok;
}

function text(context: Context, job: JobView, timeline: readonly TimelineView[]): string {
  const { when } = context;
  const about = facts([
    ["job", job.key],
    ["name", job.name],
    ["state", job.reason === null ? job.state : `${job.state} (${job.reason})`],
    ["exit code", job.exitCode],
    ["profile", job.profile],
    ["labels", job.labels.join(", ") || null],
    ["runner", job.runner],
    ["attempt", job.attempt],
    ["created", when(job.createdAt)],
    ["started", when(job.startedAt)],
    ["finished", when(job.finishedAt)],
    ["took", took(context, job)],
    ...(job.url === null ? [] : [["address", job.url] as const]),
  ]);
  const happened = table<TimelineView>(
    [
      { title: "at", cell: ({ at }) => at },
      { title: "stage", cell: ({ stage }) => stage },
      { title: "try", cell: ({ attempt }) => attempt },
      { title: "reason", cell: ({ reason }) => reason },
      { title: "detail", cell: ({ detail }) => detail },
    ],
    timeline,
    context.colors,
  );
  return `${about}\n${happened}\n${bars(times(context, job, timeline), mark(context))}`;
}

function times({ io }: Context, job: JobView, timeline: readonly TimelineView[]): ReturnType<typeof stageTimes> {
  // The server is the newer of the two at times: a stage we do not know has no place in the order, and is left out.
  const entries = timeline.map(({ at, stage, attempt }) => ({ at: Date.parse(at), stage: stage as Stage, attempt }));
  return stageTimes(entries, job.attempt, isFinal(job.state) ? undefined : io.now());
}

export function mark({ io }: Context): string {
  return io.isTTY.stdout ? "█" : "#";
}
