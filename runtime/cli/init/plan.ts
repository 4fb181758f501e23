/** From what `onejob init` was told to the text of the file, checked as `serve` will check it. */
import { OnejobError } from "../../core/errors";
import type { GithubAuth, SecretPlace } from "../../core/settings";
import { problemLines, readConfigText, thisMachine } from "../../entry/local/config-file";
import { starterConfig } from "../../entry/local/starter-config";
import type { StarterSource } from "../../entry/local/starter-config";
import { lazy } from "../lazy";
import type { GithubWish } from "./init-options";
import type { Answer } from "./questions";

/** Everything that is known before anything is made. */
export interface Plan {
  readonly file: string;
  /** `null`: no source of that kind is wanted. */
  readonly github: GithubWish | null;
  /** What shall be other than the starter has it. */
  readonly answers: readonly Answer[];
}

/** What only the making of an app tells. */
export interface AppPlaces {
  readonly appId: number;
  readonly privateKey: SecretPlace;
  readonly webhookSecret: SecretPlace | null;
}

export function knownSource(wish: GithubWish, app?: AppPlaces): StarterSource {
  const { url, scopes, auth, trustSameUser } = wish;
  const secret = auth.kind === "create" ? (app?.webhookSecret ?? null) : wish.webhookSecret;
  const isSent = auth.kind !== "create" || auth.webhookUrl !== null;
  return {
    url,
    scopes,
    auth: authOf(auth, app),
    webhookSecrets: secret === null ? [] : [secret],
    intake: secret !== null && isSent ? "both" : "poll",
    trust: trustSameUser ? "same-user" : null,
  };
}

/** The same before an app is made, with stand-ins for what it will tell. */
export function sourceBefore(wish: GithubWish): StarterSource {
  return knownSource(wish, { appId: 1, privateKey: { file: "./app.pem" }, webhookSecret: { file: "./secret" } });
}

function authOf(wish: GithubWish["auth"], app: AppPlaces | undefined): GithubAuth {
  if (wish.kind === "token") return { kind: "token", token: wish.token };
  if (wish.kind === "app") return { kind: "app", appId: wish.appId, privateKey: { file: wish.keyFile } };
  if (app === undefined) throw new Error("the app is not made yet");
  return { kind: "app", appId: app.appId, privateKey: app.privateKey };
}

/** Throws `bad-config` with all that is wrong with the answers. */
export function contentOf({ answers }: Plan, source: StarterSource | null): string {
  const machine = thisMachine();
  const content = answered(starterConfig(machine, source), answers);
  const checked = readConfigText(content, machine);
  if (checked.ok) return content;
  const detail = ["with these answers", ...problemLines(checked.problems)].join("\n");
  throw new OnejobError("bad-config", detail, { details: { problems: checked.problems } });
}

function answered(starter: string, answers: readonly Answer[]): string {
  if (answers.length === 0) return starter;
  const document = lazy.yaml().parseDocument(starter);
  for (const { path, value } of answers) document.setIn(path, value);
  return document.toString({ lineWidth: 0 });
}
