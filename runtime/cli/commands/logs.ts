import type { Command } from "commander";
import { apiSource } from "../../core/api-source";
import { jobPath } from "../api-types";
import type { JobView } from "../api-types";
import type { Context } from "../context";
import { exit } from "../exit";
import { followLog, printLog } from "../follow";
import type { Act } from "./command";
import { examples, jobArgument } from "./command";

export function logs(program: Command, act: Act): void {
  program
    .command("logs")
    .summary("print a job's output")
    .description(
      "Prints a job's output, byte by byte as it was written. With --follow: on and on until the job has ended.",
    )
    .argument("<job>", jobArgument)
    .option("-f, --follow", "stay until the job has ended; goes on where it was after the server was away")
    .addHelpText("after", examples("onejob logs 01jxyz", "onejob logs -f 01jxyz | tee build.log"))
    .action(act(run));
}

async function run(context: Context, id: string, { follow }: { follow?: boolean }): Promise<number> {
  const { key, source, url } = await context.api.get<JobView>(jobPath(id));
  // What a forge's listener runs is told to the forge alone.
  if (source !== apiSource) context.say(`onejob: the forge keeps the log of this job${url === null ? "" : `: ${url}`}`);
  const { signal } = new AbortController();
  if (follow) await followLog(context, { job: key, signal });
  else await printLog(context, key, signal);
  return exit.ok;
}
