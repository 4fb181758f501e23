import type { Command } from "commander";
import type { WhyView } from "../api-types";
import { jobPath } from "../api-types";
import type { Context } from "../context";
import { exit } from "../exit";
import { plain } from "../format";
import { bars } from "../render";
import type { Act } from "./command";
import { examples, jobArgument } from "./command";
import { mark } from "./show";

export function why(program: Command, act: Act): void {
  program
    .command("why")
    .summary("say why a job waits or how it ended, and what to do")
    .description("Says why a job waits or how it ended, what to do next, and where its time went.")
    .argument("<job>", jobArgument)
    .addHelpText(
      "after",
      examples("onejob why 01jxyz", "onejob why https://github.com/acme/widgets/actions/runs/1/job/2"),
    )
    .action(act(run));
}

async function run(context: Context, id: string): Promise<number> {
  const answer = await context.api.get<WhyView>(jobPath(id, "/why"));
  context.emit(answer, () => text(context, answer));
  return exit.ok;
}

function text(context: Context, { job, waiting, reason, what, fix, stages }: WhyView): string {
  const { bold, yellow } = context.colors;
  const code = reason === null ? "" : ` (${reason})`;
  const head = `${bold(plain(job.key))}  ${waiting ? yellow(`${job.state}, waiting`) : job.state}${plain(code)}\n`;
  const advice = fix === "" ? "" : `  to do  ${plain(fix)}\n`;
  const time = stages.length === 0 ? "" : `\n${bars(stages, mark(context))}`;
  return `${head}  why    ${plain(what)}\n${advice}${time}`;
}
