/** `onejob init --create-app`: the app, its secrets beside the config file, and the file itself. */
import { dirname, join } from "node:path";
import type { Context } from "../context";
import { usage } from "../commands/command";
import { exit } from "../exit";
import { lazy } from "../lazy";
import { ownersOf } from "./app-manifest";
import { createApp, installUrl, Left } from "./create-app";
import type { AuthWish, GithubWish } from "./init-options";
import { writeNew, writeSecret } from "./new-files";
import { report } from "./next-steps";
import type { Plan } from "./plan";
import { contentOf, knownSource } from "./plan";
import type { CreatedApp } from "./redeem-code";

type NewAppWish = GithubWish & { readonly auth: AuthWish & { readonly kind: "create" } };

export async function initWithNewApp(context: Context, plan: Plan, wish: NewAppWish): Promise<number> {
  if (ownersOf(wish.scopes).length > 1)
    throw usage("an app belongs to one owner: make one for each, and add the others to the file by hand");
  const interrupt = new AbortController();
  const release = context.io.onInterrupt(() => interrupt.abort());
  const { webhookUrl, port } = wish.auth;
  try {
    const app = await createApp({
      wish: { url: wish.url, scopes: wish.scopes, webhookUrl },
      apiUrl: lazy.githubApi().githubApi(wish.url),
      port,
      announce: (pageUrl) => announce(context, pageUrl),
      say: context.say,
      keep: (made) => keep(context, { plan, wish, app: made }),
      signal: interrupt.signal,
    });
    const source = knownSource(wish, placesOf(app));
    report(context, { file: plan.file, source, installUrl: installUrl(app), webhookUrl });
    return exit.ok;
  } catch (error) {
    if (!(error instanceof Left)) throw error;
    context.say("onejob: nothing was written");
    return exit.cancelled;
  } finally {
    release();
  }
}

/** Said whatever `--quiet` says: without it nobody could go on. */
function announce({ io }: Context, pageUrl: string): void {
  const { port } = new URL(pageUrl);
  io.stderr.write(
    `onejob: open ${pageUrl}\n  in a browser on this machine, within ten minutes; from another one first: ssh -L ${port}:127.0.0.1:${port} …\n`,
  );
}

interface Made {
  readonly plan: Plan;
  readonly wish: NewAppWish;
  readonly app: CreatedApp;
}

/** GitHub tells the key once: it is stored first, and stays even when the rest cannot be written. */
function keep(context: Context, { plan, wish, app }: Made): void {
  const folder = dirname(plan.file);
  const names = namesOf(app);
  context.say(`onejob: the app ${app.url} is made`);
  keepKey(context, join(folder, names.key), app);
  context.say(`onejob: wrote ${join(folder, names.key)}; whoever reads it is the app`);
  if (app.webhookSecret !== null) {
    writeSecret(join(folder, names.webhookSecret), app.webhookSecret);
    context.say(`onejob: wrote ${join(folder, names.webhookSecret)}`);
  }
  writeNew(plan.file, contentOf(plan, knownSource(wish, placesOf(app))));
}

function keepKey(context: Context, file: string, { privateKey }: CreatedApp): void {
  try {
    writeSecret(file, privateKey);
  } catch (error) {
    context.say("onejob: its key could not be kept; make another on the app's settings page, and see init --app-id");
    throw error;
  }
}

function placesOf(app: CreatedApp): {
  appId: number;
  privateKey: { file: string };
  webhookSecret: { file: string } | null;
} {
  const names = namesOf(app);
  const webhookSecret = app.webhookSecret === null ? null : { file: `./${names.webhookSecret}` };
  return { appId: app.id, privateKey: { file: `./${names.key}` }, webhookSecret };
}

/** By the app's id, so that a second app never meets the files of the first. */
function namesOf({ id }: CreatedApp): { readonly key: string; readonly webhookSecret: string } {
  return { key: `github-app-${id}.pem`, webhookSecret: `github-app-${id}.webhook-secret` };
}
