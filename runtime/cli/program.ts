/** The command line as a whole: which commands and global options there are. */
import { Command, Option } from "commander";
import { version as ownVersion } from "../../package.json";
import { cancel } from "./commands/cancel";
import type { Act, AddCommand } from "./commands/command";
import { examples } from "./commands/command";
import { completion } from "./commands/completion";
import { config } from "./commands/config";
import { connect } from "./commands/connect";
import { deadLetters } from "./commands/dead-letters";
import { doctor } from "./commands/doctor";
import { drain } from "./commands/drain";
import { init } from "./commands/init";
import { list } from "./commands/list";
import { logs } from "./commands/logs";
import { profiles } from "./commands/profiles";
import { rerun } from "./commands/rerun";
import { runners } from "./commands/runners";
import { secrets } from "./commands/secrets";
import { serve } from "./commands/serve";
import { show } from "./commands/show";
import { status } from "./commands/status";
import { submit } from "./commands/submit";
import { version } from "./commands/version";
import { watch } from "./commands/watch";
import { why } from "./commands/why";
import { outputs } from "./context";
import type { CliIo } from "./io";

const groups: readonly { readonly title: string; readonly commands: readonly AddCommand[] }[] = [
  { title: "Run jobs:", commands: [submit, logs, watch, cancel, rerun] },
  { title: "See what happens:", commands: [list, show, why, status, runners, profiles] },
  { title: "Keep a server:", commands: [serve, drain, init, doctor, config] },
  { title: "Keep a fleet on AWS:", commands: [secrets, connect, deadLetters] },
  { title: "This program:", commands: [version, completion] },
];

export function makeProgram(io: CliIo, act: Act): Command {
  const program = new Command("onejob")
    .description("CI runners that do one job and disappear.")
    .version(ownVersion, "-V, --version", "print the version")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, "onejob: ")),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .showHelpAfterError("(add --help for the options and examples)")
    .addHelpText("after", examples("onejob serve", "onejob submit -- make test", "onejob why 01jxyz"));
  addGlobals(program);
  for (const { title, commands } of groups) {
    program.commandsGroup(title);
    for (const add of commands) add(program, act);
  }
  return program;
}

/** `ONEJOB_OUTPUT` and the other variables are read where they are used: commander would look at its own process. */
function addGlobals(program: Command): void {
  program
    .optionsGroup("Options for every command:")
    .option("-c, --config <file>", "the config file (ONEJOB_CONFIG)")
    .option("--data-dir <folder>", "the server's data folder (ONEJOB_DATA_DIR)")
    .option("--url <url>", "the server's address (ONEJOB_URL); else the one running with the data folder")
    .option("--token-file <file>", "a file with the server's token (or ONEJOB_TOKEN); else the data folder's")
    .option("--fleet <name>", "a fleet on AWS instead of a server (ONEJOB_FLEET), with your own AWS credentials")
    .addOption(new Option("-o, --output <form>", "how to print data (ONEJOB_OUTPUT)").choices(outputs))
    .option("--no-color", "no colours (NO_COLOR)")
    .option("-q, --quiet", "no messages; only ids where a command lists things")
    .option("--debug", "show HTTP exchanges, and where an error comes from");
}

export const welcome = `Onejob: CI runners that do one job and disappear.

  onejob serve                 start a server on this machine
  onejob submit -- make test   run a command on a machine of its own
  onejob why JOB               see why a job waits, or how it ended

onejob --help lists every command; onejob doctor finds out what is wrong.
`;
