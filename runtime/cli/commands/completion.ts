import { Argument } from "commander";
import type { Command } from "commander";
import { completionScript, shells } from "../completion";
import type { Shell } from "../completion";
import type { Context } from "../context";
import { exit } from "../exit";
import type { Act } from "./command";
import { examples } from "./command";

export function completion(program: Command, act: Act): void {
  program
    .command("completion")
    .summary("print a script that completes commands, options and job ids")
    .addArgument(new Argument("<shell>", "your shell").choices(shells))
    .addHelpText(
      "after",
      examples(
        'eval "$(onejob completion bash)"',
        "onejob completion zsh > ~/.zfunc/_onejob",
        "onejob completion fish > ~/.config/fish/completions/onejob.fish",
      ),
    )
    .action(
      act(async (context: Context, shell: Shell) => {
        context.print(completionScript(program, shell));
        return exit.ok;
      }),
    );
}
