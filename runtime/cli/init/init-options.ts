/** What `onejob init` was told on its command line about GitHub, checked as far as it can be without asking anybody. */
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { starterSourceName } from "../../entry/local/starter-config";
import { usage } from "../commands/command";

export interface InitOptions {
  readonly yes?: boolean;
  readonly github?: readonly string[];
  readonly githubUrl?: string;
  readonly tokenEnv?: string;
  readonly tokenFile?: string;
  readonly appId?: string;
  readonly privateKey?: string;
  readonly createApp?: boolean;
  readonly webhookSecretEnv?: string;
  readonly webhookUrl?: string;
  readonly port?: string;
  readonly trustSameUser?: boolean;
}

export interface GithubWish {
  readonly url: string;
  readonly scopes: readonly string[];
  readonly auth: AuthWish;
  /** Of webhooks that somebody else set up; `null`: there are none, or the app brings its own. */
  readonly webhookSecret: { readonly env: string } | null;
  readonly trustSameUser: boolean;
}

export type AuthWish =
  | { readonly kind: "token"; readonly token: { readonly env: string } | { readonly file: string } }
  | { readonly kind: "app"; readonly appId: number; readonly keyFile: string }
  | { readonly kind: "create"; readonly webhookUrl: string | null; readonly port: number };

const defaultUrl = "https://github.com";

interface Place {
  readonly cwd: string;
  /** The config file that will be written. */
  readonly file: string;
}

/** `scopes` is empty where none were named. */
export function githubWish(options: InitOptions, place: Place): GithubWish {
  return {
    url: (options.githubUrl ?? defaultUrl).replace(/\/$/, ""),
    scopes: (options.github ?? []).flatMap(scopesIn),
    auth: authWish(options, place),
    webhookSecret: options.webhookSecretEnv === undefined ? null : { env: options.webhookSecretEnv },
    trustSameUser: options.trustSameUser ?? false,
  };
}

export function scopesIn(text: string): string[] {
  return text.split(/[\s,]+/).filter((scope) => scope !== "");
}

/** Whether any flag is about GitHub alone; `--token-file` also names the token of our own server. */
export function saysGithub({ yes: _yes, tokenFile: _tokenFile, ...others }: InitOptions): boolean {
  return Object.values(others).some((value) => value !== undefined);
}

function authWish(options: InitOptions, place: Place): AuthWish {
  const { tokenEnv, tokenFile, appId, privateKey, createApp, webhookUrl, port } = options;
  const isApp = appId !== undefined || privateKey !== undefined;
  const ways = [tokenEnv !== undefined, tokenFile !== undefined, isApp, createApp === true].filter(Boolean);
  if (ways.length > 1)
    throw usage("give one of --token-env, --token-file, --app-id with --private-key, and --create-app, not more");
  if (createApp && options.webhookSecretEnv !== undefined)
    throw usage("a new app brings its own webhook secret: give --webhook-url without --webhook-secret-env");
  if (createApp) return { kind: "create", webhookUrl: webhookAddress(webhookUrl), port: portNumber(port) };
  if (webhookUrl !== undefined || port !== undefined) throw usage("--webhook-url and --port belong to --create-app");
  if (isApp) return appWish(appId, { privateKey, ...place });
  if (tokenFile !== undefined) return { kind: "token", token: { file: fileWords(tokenFile, place) } };
  return { kind: "token", token: { env: tokenEnv ?? "GH_TOKEN" } };
}

function appWish(
  appId: string | undefined,
  { privateKey, ...place }: Place & { readonly privateKey: string | undefined },
): AuthWish {
  if (appId === undefined || privateKey === undefined) throw usage("--app-id and --private-key belong together");
  if (!/^[1-9]\d{0,14}$/.test(appId)) throw usage("--app-id takes the number on the app's settings page");
  return { kind: "app", appId: Number(appId), keyFile: fileWords(privateKey, place) };
}

/** As the config file says it: paths there start at its own folder, not at the one we are in. */
function fileWords(path: string, { cwd, file }: Place): string {
  const whole = resolve(cwd, path);
  const inFolder = relative(dirname(file), whole);
  const isOutside = inFolder.split(sep)[0] === ".." || isAbsolute(inFolder);
  return isOutside ? whole : `./${inFolder.split(sep).join("/")}`;
}

function webhookAddress(text: string | undefined): string | null {
  if (text === undefined) return null;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isWeb = url !== undefined && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
  if (!isWeb) throw usage("--webhook-url takes the address GitHub reaches this server at: https://ci.example.org");
  if (url.pathname === "/") url.pathname = `/webhooks/${starterSourceName}`;
  return url.href;
}

function portNumber(text: string | undefined): number {
  if (text === undefined) return 0;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw usage("--port takes a number from 0 to 65535");
}

/** With a token nobody lists an organisation's repositories: asking alone would never find a job there. */
export function checkFindable({ scopes, auth, webhookSecret }: GithubWish): void {
  const organization = scopes.find((scope) => !scope.includes("/"));
  if (organization === undefined || auth.kind !== "token" || webhookSecret !== null) return;
  throw usage(
    `with a token jobs are found in single repositories only: name them instead of ${organization} (--github ${organization}/…), ` +
      "make an app (--create-app), or set up webhooks and give --webhook-secret-env",
  );
}
