import type { Command } from "commander";
import { version as ownVersion } from "../../../package.json";
import type { Context } from "../context";
import { exit } from "../exit";
import { facts } from "../render";
import type { Act } from "./command";

export function version(program: Command, act: Act): void {
  program.command("version").summary("print the version of this program").action(act(run));
}

async function run(context: Context): Promise<number> {
  const about = { version: ownVersion, node: process.version, platform: `${process.platform}-${process.arch}` };
  if (context.options.quiet && context.options.output === "table") context.print(`${about.version}\n`);
  else
    context.emit(about, () =>
      facts([
        ["onejob", about.version],
        ["node", about.node],
        ["platform", about.platform],
      ]),
    );
  return exit.ok;
}
