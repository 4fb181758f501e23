/** What is left to do after `onejob init`, in the order to do it. */
import { machineLabels } from "../../core/read-settings";
import type { GithubAuth } from "../../core/settings";
import { thisMachine } from "../../entry/local/config-file";
import { starterSourceName } from "../../entry/local/starter-config";
import type { StarterSource } from "../../entry/local/starter-config";
import type { Context } from "../context";

export interface Done {
  readonly file: string;
  readonly source: StarterSource | null;
  /** Where the app that was made is installed; `null`: none was made. */
  readonly installUrl: string | null;
  /** Where its webhooks were told to go; `null`: nowhere. */
  readonly webhookUrl: string | null;
}

export function report(context: Context, done: Done): void {
  const { file, source } = done;
  if (source === null) return context.say(`onejob: wrote ${file}; next: onejob serve`);
  context.say(`onejob: wrote ${file}; next:\n${nextSteps({ ...done, source })}`);
}

function nextSteps({ source, installUrl, webhookUrl }: Done & { readonly source: StarterSource }): string {
  const steps = [
    ...access(source, installUrl),
    ...webhooks(source, webhookUrl),
    ...(source.trust === null ? [trustStep] : []),
    "onejob doctor: finds what is missing",
    "onejob serve: starts the server",
    `change a workflow: runs-on: [${machineLabels(thisMachine()).join(", ")}]`,
  ];
  return steps.map((step, index) => `  ${index + 1}. ${step.replaceAll("\n", "\n     ")}`).join("\n");
}

function webhooks({ intake, webhookSecrets: [secret] }: StarterSource, webhookUrl: string | null): string[] {
  if (webhookUrl !== null) return [`let ${webhookUrl} lead to this server (server.listen)`];
  if (intake === "poll" || secret === undefined || !("env" in secret)) return [];
  const where = `/webhooks/${starterSourceName}, as application/json, with the secret in ${secret.env}`;
  return [`have GitHub send Workflow jobs and Workflow runs to this server's ${where}`];
}

const trustStep =
  "decide where its jobs run: on compute of kind docker, or, once the source says trust: same-user,\n" +
  "as processes of the server's user (as root each gets a user of its own, and needs no trust)";

function access(source: StarterSource, installUrl: string | null): string[] {
  const { auth, url } = source;
  if (installUrl !== null) return [`install the app: ${installUrl}`];
  if (auth.kind === "app")
    return [
      `see that the app is installed on ${source.scopes.join(", ")}, and has these permissions:\n${rights(source)}`,
    ];
  return [`make a token at ${url}/settings/personal-access-tokens/new\n${tokenRights(source)}\n${keep(auth)}`];
}

function tokenRights(source: StarterSource): string {
  const classic = source.scopes.every(isRepository) ? "repo" : "repo, admin:org";
  return `${rights(source)}\n(a classic token: ${classic})`;
}

function rights({ scopes }: StarterSource): string {
  const repository = scopes.some(isRepository) ? ["repository, Administration: read and write"] : [];
  const organization = scopes.every(isRepository) ? [] : ["organisation, Self-hosted runners: read and write"];
  const actions = "repository, Actions: read; and write for `onejob cancel` and `rerun`";
  return [...organization, ...repository, actions].map((right) => `- ${right}`).join("\n");
}

function keep(auth: GithubAuth & { readonly kind: "token" }): string {
  if ("env" in auth.token)
    return `and put it into the environment of the server and of doctor: export ${auth.token.env}=…`;
  return `and put it into ${"file" in auth.token ? auth.token.file : "its place"}, readable by this user only (chmod 600)`;
}

function isRepository(scope: string): boolean {
  return scope.includes("/");
}
