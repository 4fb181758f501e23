/** `onejob init`: asks, checks the file by our own rules, and only then writes it, or makes an app for it first. */
import { join } from "node:path";
import { thisMachine } from "../../entry/local/config-file";
import { starterConfig } from "../../entry/local/starter-config";
import { usage } from "../commands/command";
import type { Context } from "../context";
import { exit } from "../exit";
import { lazy } from "../lazy";
import type { GithubWish, InitOptions } from "./init-options";
import { checkFindable, githubWish, saysGithub, scopesIn } from "./init-options";
import { checkPlace, writeNew } from "./new-files";
import { initWithNewApp } from "./new-app";
import { report } from "./next-steps";
import type { Plan } from "./plan";
import { contentOf, knownSource, sourceBefore } from "./plan";
import { askScopes, askSettings, askTrust, interview } from "./questions";

export async function runInit(context: Context, options: InitOptions): Promise<number> {
  const file = context.configFile ?? join(context.io.cwd, "onejob.yaml");
  const told = githubWish(options, { cwd: context.io.cwd, file });
  const isGithub = saysGithub(options);
  checkPlace(file);
  const plan = options.yes
    ? { file, github: isGithub ? told : null, answers: [] }
    : await ask(context, { file, told, isGithub });
  const { github } = plan;
  if (github?.scopes.length === 0) throw usage("name an organisation or a repository with --github");
  if (github !== null) checkFindable(github);
  // Before an app is made, with stand-ins for what only the app will tell.
  contentOf(plan, github && sourceBefore(github));
  if (github?.auth.kind === "create") return initWithNewApp(context, plan, { ...github, auth: github.auth });
  const source = github && knownSource(github);
  writeNew(file, contentOf(plan, source));
  report(context, { file, source, installUrl: null, webhookUrl: null });
  return exit.ok;
}

interface Told {
  readonly file: string;
  readonly told: GithubWish;
  readonly isGithub: boolean;
}

async function ask(context: Context, { file, told, isGithub }: Told): Promise<Plan> {
  const talk = interview(context);
  try {
    const starter = lazy.yaml().parseDocument(starterConfig(thisMachine()));
    const answers = await askSettings(talk, (path) => starter.getIn(path));
    const scopes = told.scopes.length > 0 ? told.scopes : scopesIn(await askScopes(talk));
    if (scopes.length === 0 && !isGithub) return { file, github: null, answers };
    const trustSameUser = told.trustSameUser || (scopes.length > 0 && (await askTrust(talk)));
    return { file, github: { ...told, scopes, trustSameUser }, answers };
  } finally {
    talk.end();
  }
}
