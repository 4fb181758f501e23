import type { Command } from "commander";
import { OnejobError } from "../../core/errors";
import type { ExplainedRoutes } from "../../core/routing";
import { explainRoutes } from "../../core/routing";
import type { ProfileSettings, Settings } from "../../core/settings";
import type { Context } from "../context";
import { exit } from "../exit";
import { splitLabels } from "../job-spec";
import { lazy } from "../lazy";
import { table } from "../render";
import type { Act } from "./command";
import { collect, examples } from "./command";

export function config(program: Command, act: Act): void {
  const group = program
    .command("config")
    .summary("check the config file, or see which profile a job gets")
    .description("Works on the config file alone; no server is needed.")
    .addHelpText("after", examples("onejob config validate", "onejob config explain --labels self-hosted,linux,large"));
  group
    .command("validate")
    .summary("check the config file; every problem at once")
    .argument("[file]", "the file to check (default: the one `serve` would use)")
    .action(act(validate));
  group
    .command("explain")
    .summary("say which profile a job with these labels gets, and why")
    .requiredOption("-l, --labels <labels>", "the job's labels; a comma list, or repeatable", collect)
    .argument("[file]", "the config file (default: the one `serve` would use)")
    .action(act(explain));
}

async function validate(context: Context, file: string | undefined): Promise<number> {
  try {
    const { path } = load(context, file);
    const what = path === null ? "there is no config file; the built-in settings hold" : `${path} is valid`;
    context.emit({ problems: [] }, () => `${what}\n`);
    return exit.ok;
  } catch (error) {
    if (!(error instanceof OnejobError) || error.code !== "bad-config" || context.options.output === "table")
      throw error;
    context.emit({ problems: problemsOf(error) }, () => "");
    return exit.badConfig;
  }
}

async function explain(context: Context, file: string | undefined, options: { labels: string[] }): Promise<number> {
  const { settings } = load(context, file);
  const labels = splitLabels(options.labels);
  const routes = explainRoutes(labels, settings.profiles);
  context.emit(summary(labels, routes), () => explained(context, labels, routes));
  return routes.kind === "fits" ? exit.ok : exit.negative;
}

function load(
  context: Context,
  file: string | undefined,
): { readonly path: string | null; readonly settings: Settings } {
  const { findConfigFile, loadSettings } = lazy.configFile();
  const flag = file ?? context.configFile ?? undefined;
  const path = findConfigFile({ flag, env: context.io.env, cwd: context.io.cwd });
  return { path, settings: loadSettings(path) };
}

function problemsOf({ details }: OnejobError): unknown {
  return typeof details === "object" && details !== null && "problems" in details ? details.problems : [];
}

function summary(labels: readonly string[], routes: ExplainedRoutes<ProfileSettings>): unknown {
  if (routes.kind === "fits") {
    return { labels, fits: routes.routes.map(({ profile, ...rest }) => ({ profile: profile.name, ...rest })) };
  }
  const { nearest } = routes;
  return { labels, fits: [], nearest: nearest && { profile: nearest.profile.name, missing: nearest.missing } };
}

function explained(context: Context, labels: readonly string[], routes: ExplainedRoutes<ProfileSettings>): string {
  if (routes.kind === "fits") {
    return table(
      [
        { title: "profile", cell: ({ profile }) => profile.name },
        { title: "why", cell: ({ why }) => why },
      ],
      routes.routes,
      context.colors,
    );
  }
  const { nearest } = routes;
  const head = `no profile has all of these labels: ${labels.join(", ")}\n`;
  if (nearest === null) return head;
  return `${head}nearest: ${nearest.profile.name}, which lacks ${nearest.missing.join(", ")}\n`;
}
