import type { Command } from "commander";
import { OnejobError } from "../../core/errors";
import { isFinal } from "../../core/lifecycle";
import { isGroup } from "../../core/settings-entries";
import { ApiError } from "../api-error";
import type { JobView, ListView, RunnerView } from "../api-types";
import { jobPath } from "../api-types";
import type { Context } from "../context";
import { exit } from "../exit";
import type { Fleet } from "../fleet/fleet";
import { openFleet } from "../fleet/fleet";
import { lazy } from "../lazy";
import type { Act } from "./command";
import { examples, jobArgument } from "./command";
import { pickRunner } from "./runners";

export function connect(program: Command, act: Act): void {
  program
    .command("connect")
    .summary("open a shell on a machine of a fleet on AWS")
    .description(
      "Opens a shell on the machine of a job or runner, by Session Manager and with\n" +
        "your own AWS credentials. There is no way in unless the profile's compute says\n" +
        "`connect: ssm`; the right you need is `ssm:StartSession` on that machine.\n" +
        "Whoever is on a machine can see what its job sees, secrets included; CloudTrail\n" +
        "records who was. Needs session-manager-plugin, and uses the `aws` program where\n" +
        "there is one. Ends as the session does.",
    )
    .argument("<job>", `a job: ${jobArgument}; or a runner: its id, its name, or the beginning of either`)
    .addHelpText("after", examples("onejob connect 01jxyz --fleet ci-dev", "onejob connect onejob-4k2j --fleet ci-dev"))
    .action(act(run));
}

async function run(context: Context, wanted: string): Promise<number> {
  const fleet = await openFleet(context, "machines of a server are processes or containers where it runs; ");
  const { name, machine, profile, state } = await findRunner(context, wanted);
  if (machine === null) throw new OnejobError("no-machine", `${name} is ${state}, and has none yet`);
  if (state === "stopping") throw new OnejobError("no-machine", `${name} is being ended`);
  await checkProfile(fleet, profile);
  const shell = await lazy.session().prepareShell(machine, context.io.env);
  context.say(`onejob: a shell on ${machine}, the machine of ${name}; you see what its job sees, secrets included`);
  // Ctrl-C is for what runs there.
  const release = context.io.onInterrupt(() => undefined);
  try {
    const code = await shell.run();
    if (code !== exit.ok) context.say(`onejob: the session ended with code ${code}${hint(code)}`);
    return code;
  } finally {
    release();
  }
}

/** Codes of the `aws` program for what AWS refused, and for what it could not even ask. */
function hint(code: number): string {
  return code < 254
    ? ""
    : "; a machine can be reached about a minute after its boot, and only if `connect: ssm` held then";
}

/** A runner by its whole name, then a job, then a runner by a beginning: ids of both look alike. */
async function findRunner(context: Context, wanted: string): Promise<RunnerView> {
  const { items } = await context.api.get<ListView<RunnerView>>("/api/v1/runners");
  const exact = items.find(({ id, name }) => id === wanted || name === wanted);
  if (exact !== undefined) return exact;
  const job = await findJob(context, wanted);
  if (job === undefined) return pickRunner(items, wanted);
  const its = items.find(({ id, job: key }) => id === job.runner || key === job.key);
  if (its !== undefined) return its;
  if (isFinal(job.state))
    throw new OnejobError("no-machine", `${job.key} has ended (${job.state}), its machine with it`);
  throw new OnejobError("no-machine", `${job.key} is ${job.state}, and has no runner yet`);
}

async function findJob(context: Context, wanted: string): Promise<JobView | undefined> {
  try {
    return await context.api.get<JobView>(jobPath(wanted));
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

/** Said here rather than by AWS, whose words for it are that the machine is not connected. */
async function checkProfile({ parameters, fact }: Fleet, profile: string): Promise<void> {
  const text = await parameters.read(`${fact("settingsPath")}/profiles/${profile}`);
  const settings: unknown = text === undefined ? undefined : JSON.parse(text);
  const compute = isGroup(settings) ? settings["compute"] : undefined;
  if (isGroup(compute) && compute["connect"] === "ssm") return;
  throw new OnejobError("connect-off", `profile ${profile} does not say \`connect: ssm\``);
}
