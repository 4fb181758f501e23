import type { Command } from "commander";
import type { Context } from "../context";
import type { CheckResult } from "../doctor/check";
import { diagnose } from "../doctor/checks";
import { exit } from "../exit";
import { plain } from "../format";
import type { Act } from "./command";
import { examples } from "./command";

export function doctor(program: Command, act: Act): void {
  program
    .command("doctor")
    .summary("check this machine and the server, and say how to mend what is wrong")
    .description(
      "Checks this machine, the data folder, the config file, what it names (GitHub, container engines) and the server.\n" +
        "Of a fleet: your credentials, what its deployment left, whether it answers, and its secrets.\n" +
        "Exits 1 when something is wrong.",
    )
    .addHelpText("after", examples("onejob doctor", "onejob doctor --fleet ci-prod", "onejob doctor --output json"))
    .action(act(run));
}

async function run(context: Context): Promise<number> {
  const results = await diagnose(context);
  const ok = results.every((result) => result.ok);
  context.emit({ ok, checks: results }, () => results.map((result) => line(context, result)).join(""));
  return ok ? exit.ok : exit.negative;
}

function line({ colors }: Context, { id, ok, what, fix }: CheckResult): string {
  const head = `${ok ? colors.green("✓") : colors.red("✗")} ${id}: ${what.split("\n").map(plain).join("\n    ")}\n`;
  return fix === "" ? head : `${head}    to do: ${plain(fix)}\n`;
}
