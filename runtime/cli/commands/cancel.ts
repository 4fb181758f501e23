import type { Command } from "commander";
import { isFinal } from "../../core/lifecycle";
import type { JobView } from "../api-types";
import { jobPath } from "../api-types";
import type { Context } from "../context";
import { exit } from "../exit";
import { persist } from "../follow";
import type { Act } from "./command";
import { examples, jobArgument } from "./command";

export function cancel(program: Command, act: Act): void {
  program
    .command("cancel")
    .summary("cancel a job")
    .description("Asks a job to stop. Its machine goes with it. A job that has ended already stays as it is.")
    .argument("<job>", jobArgument)
    .option("--wait", "stay until the job has ended")
    .addHelpText("after", examples("onejob cancel 01jxyz", "onejob cancel 01jxyz --wait"))
    .action(act(run));
}

async function run(context: Context, id: string, { wait }: { wait?: boolean }): Promise<number> {
  await context.api.post(jobPath(id, "/cancel"));
  const job = wait ? await ended(context, id) : await context.api.get<JobView>(jobPath(id));
  context.emit(job, () => `${job.key} ${isFinal(job.state) ? job.state : "is being cancelled"}\n`);
  return exit.ok;
}

async function ended(context: Context, id: string): Promise<JobView> {
  const { signal } = new AbortController();
  const job = await persist(context, signal, async () => {
    const now = await context.api.get<JobView>(jobPath(id));
    return isFinal(now.state) ? now : undefined;
  });
  return job ?? context.api.get<JobView>(jobPath(id));
}
