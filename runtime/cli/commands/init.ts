import type { Command } from "commander";
import type { Context } from "../context";
import type { InitOptions } from "../init/init-options";
import { lazy } from "../lazy";
import type { Act } from "./command";
import { collect, examples } from "./command";

export function init(program: Command, act: Act): void {
  program
    .command("init")
    .summary("write a first onejob.yaml here")
    .description(
      "Writes ./onejob.yaml (or the file named by --config) with every setting explained.\n" +
        "Asks a few questions; with --yes it takes the defaults. A file that is there is never overwritten.\n" +
        "For GitHub, --token-file names the file that holds a GitHub token.",
    )
    .option("-y, --yes", "ask nothing, take the defaults")
    .option(
      "--github <scope>",
      "take jobs of this GitHub organisation or owner/repo; a comma list, or repeatable",
      collect,
    )
    .option("--github-url <url>", "address of a GitHub of your own (default: https://github.com)")
    .option("--token-env <name>", "environment variable that holds a GitHub token (default: GH_TOKEN)")
    .option("--app-id <number>", "id of a GitHub App that is there already; with --private-key")
    .option("--private-key <file>", "the app's private key, a PEM file")
    .option("--create-app", "make a GitHub App, with the help of a browser")
    .option("--webhook-secret-env <name>", "environment variable that holds the secret of webhooks you set up")
    .option("--webhook-url <url>", "with --create-app: where GitHub reaches this server; without it GitHub is asked")
    .option("--port <number>", "with --create-app: port of the page for the browser (default: a free one)")
    .option("--trust-same-user", "let jobs from GitHub run as this user, who can read and change all it can")
    .addHelpText(
      "after",
      examples(
        "onejob init",
        "onejob init --yes && onejob serve",
        "onejob init --yes --github acme/widgets --token-env GH_TOKEN",
        "onejob init --yes --github acme --create-app",
      ),
    )
    .action(act(run));
}

/** The program itself takes `--token-file`, wherever it stands. */
async function run(context: Context, options: Omit<InitOptions, "tokenFile">): Promise<number> {
  const { tokenFile } = context.options;
  return lazy.init().runInit(context, { ...options, ...(tokenFile === undefined ? {} : { tokenFile }) });
}
