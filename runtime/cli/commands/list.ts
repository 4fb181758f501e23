import { Option } from "commander";
import type { Command } from "commander";
import { jobStates } from "../../core/model";
import type { JobView, ListView } from "../api-types";
import type { Context } from "../context";
import { exit } from "../exit";
import { wholeNumber } from "../job-spec";
import { duration } from "../format";
import { statePaint, table } from "../render";
import type { Act } from "./command";
import { examples } from "./command";

interface ListOptions {
  readonly state?: string;
  readonly source?: string;
  readonly profile?: string;
  readonly limit?: string;
  readonly cursor?: string;
}

export function list(program: Command, act: Act): void {
  program
    .command("list")
    .summary("list jobs, newest first")
    .description("Lists jobs, newest first. With --quiet: their ids alone.")
    .addOption(new Option("--state <state>", "only jobs in this state").choices(jobStates))
    .option("--source <name>", "only jobs from this source")
    .option("--profile <name>", "only jobs on this profile")
    .option("--limit <n>", "at most this many")
    .option("--cursor <cursor>", "go on where an earlier page ended")
    .addHelpText("after", examples("onejob list --state running", "onejob list --output json | jq '.items[].key'"))
    .action(act(run));
}

async function run(context: Context, options: ListOptions): Promise<number> {
  const { state, source, profile, cursor } = options;
  const limit = options.limit === undefined ? undefined : wholeNumber("--limit", options.limit, { min: 1, max: 500 });
  const page = await context.api.get<ListView<JobView>>("/api/v1/jobs", { state, source, profile, limit, cursor });
  if (context.options.quiet && context.options.output === "table") {
    context.print(page.items.map(({ id }) => `${id}\n`).join(""));
    return exit.ok;
  }
  context.emit(page, () => jobTable(context, page.items));
  if (page.nextCursor && context.options.output === "table")
    context.say(`more: onejob list --cursor ${page.nextCursor}`);
  if (page.items.length === 0) context.say("no jobs; start one with: onejob submit -- make test");
  return exit.ok;
}

function jobTable(context: Context, jobs: readonly JobView[]): string {
  return table<JobView>(
    [
      { title: "job", cell: ({ source, id, key }) => (source === "api" ? id : key) },
      { title: "name", cell: ({ name }) => name },
      { title: "state", cell: ({ state }) => state, paint: ({ state }) => statePaint(state, context.colors) },
      { title: "reason", cell: ({ reason }) => reason },
      { title: "exit", cell: ({ exitCode }) => exitCode },
      { title: "profile", cell: ({ profile }) => profile },
      { title: "took", cell: (job) => took(context, job) },
      { title: "created", cell: ({ createdAt }) => context.when(createdAt) },
    ],
    jobs,
    context.colors,
  );
}

/** How long the command ran, or has been running. */
export function took(context: Context, { startedAt, finishedAt }: JobView): string | null {
  if (startedAt === null) return null;
  const end = finishedAt === null ? context.io.now() : Date.parse(finishedAt);
  return duration(Math.max(0, end - Date.parse(startedAt)));
}
