import type { Command } from "commander";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { OnejobError } from "../../core/errors";
import type { Context } from "../context";
import { exit } from "../exit";
import { lazy } from "../lazy";
import type { Act } from "./command";
import { examples, usage } from "./command";
import { errorCode, errorText } from "../../core/error-facts";

export function init(program: Command, act: Act): void {
  program
    .command("init")
    .summary("write a first onejob.yaml here")
    .description(
      "Writes ./onejob.yaml (or the file named by --config) with every setting explained.\n" +
        "Asks a few questions; with --yes it takes the defaults. A file that is there is never overwritten.",
    )
    .option("-y, --yes", "ask nothing, take the defaults")
    .addHelpText("after", examples("onejob init", "onejob init --yes && onejob serve"))
    .action(act(run));
}

async function run(context: Context, { yes }: { yes?: boolean }): Promise<number> {
  const file = context.configFile ?? join(context.io.cwd, "onejob.yaml");
  if (existsSync(file))
    throw usage(`${file} is there already and stays as it is; move it away first, or name another with --config`);
  const machine = lazy.configFile().thisMachine();
  const starter = lazy.starter().starterConfig(machine);
  const content = yes ? starter : await ask(context, starter);
  const checked = lazy.configFile().readConfigText(content, machine);
  if (!checked.ok) {
    const detail = ["with these answers", ...lazy.configFile().problemLines(checked.problems)].join("\n");
    throw new OnejobError("bad-config", detail, { details: { problems: checked.problems } });
  }
  writeNew(file, content);
  context.say(`onejob: wrote ${file}; next: onejob serve`);
  return exit.ok;
}

/** `wx`: the check above and this write are two steps, and somebody may come between. */
function writeNew(file: string, content: string): void {
  try {
    writeFileSync(file, content, { flag: "wx" });
  } catch (cause) {
    const code = errorCode(cause) ?? errorText(cause);
    throw new OnejobError(
      "usage",
      `${file} cannot be written (${code}); go to another folder, or name one with --config`,
      { cause },
    );
  }
}

const questions = [
  { path: ["server", "listen"], text: "Address and port to listen on", number: false },
  { path: ["server", "maxRunners"], text: "Most jobs at once", number: true },
  { path: ["profiles", 0, "timeouts", "job"], text: "How long a job may run", number: false },
] as const;

async function ask(context: Context, starter: string): Promise<string> {
  const { io } = context;
  if (!io.isTTY.stdin) throw usage("there is no terminal to ask on; run onejob init --yes to take the defaults");
  const document = lazy.yaml().parseDocument(starter);
  // Line by line, without readline's own editing: that would swallow Ctrl-C.
  const terminal = lazy.readline().createInterface({ input: io.stdin, terminal: false });
  const lines = terminal[Symbol.asyncIterator]();
  try {
    for (const { path, text, number } of questions) {
      io.stderr.write(`${text} [${String(document.getIn(path))}]: `);
      const line = await lines.next();
      if (line.done) throw usage("the answers ended before the questions; nothing was written");
      const answer = line.value.trim();
      if (answer !== "") document.setIn(path, number && /^\d+$/.test(answer) ? Number(answer) : answer);
    }
  } finally {
    terminal.close();
  }
  return document.toString({ lineWidth: 0 });
}
