/**
 * The file `onejob init` writes: valid as it stands, every line explained, and without a source the same as without
 * any file.
 */
import { machineLabels } from "../../core/read-settings";
import type { SettingsContext } from "../../core/read-settings";
import type { GithubAuth, GithubSourceSettings, SecretPlace } from "../../core/settings";

/** What of a source `github` the file says; the rest keeps its default. */
export type StarterSource = Pick<
  GithubSourceSettings,
  "url" | "scopes" | "auth" | "webhookSecrets" | "intake" | "trust"
>;

export const starterSourceName = "gh";

export function starterConfig(machine: SettingsContext, source: StarterSource | null = null): string {
  return `# Settings of Onejob. Every key, its default and its range: docs/configuration.md
# Check this file with \`onejob config validate\`.

version: 1 # of this format

server:
  listen: "127.0.0.1:7433" # address and port; only this machine can reach 127.0.0.1
  maxRunners: 8 # most runners alive at once, over all profiles
${source === null ? "" : sourceText(source)}
# What runners there are. A job asks for labels and gets the profile that has all of them.
profiles:
  - name: default # what \`onejob submit --profile\` takes
    labels: [${machineLabels(machine).join(", ")}] # what jobs may ask for
    compute:
      kind: process # runs jobs on this machine, as processes
    limits:
      maxRunners: 8 # most runners of this profile alive at once
      # memoryMiB: 2048 # most memory of one job, where the system can enforce it
      # cpus: 2 # most processors of one job, where the system can enforce it
    timeouts:
      idle: 5m # how long a runner may wait for a job
      job: 6h30m # how long a job may run, unless it asks for less
      queued: 24h # how long a job may wait for a runner

retention:
  finished: 7d # how long finished jobs and their logs are kept
  logsMiB: 1024 # most space for logs
`;
}

function sourceText({ url, scopes, auth, webhookSecrets, intake, trust }: StarterSource): string {
  const secrets = webhookSecrets.map(placeText).join(", ");
  return `
# Where jobs come from, besides \`onejob submit\`.
sources:
  - name: ${starterSourceName} # of your choice; its webhooks come to /webhooks/${starterSourceName}
    kind: github # jobs of GitHub Actions
    url: ${JSON.stringify(url)} # where its web pages are
    scopes: [${scopes.map((scope) => JSON.stringify(scope)).join(", ")}] # organisations, and repositories as owner/repo
    ${authText(auth)}
${secrets === "" ? "" : `    webhookSecrets: [${secrets}] # where the secret is kept that webhooks are signed with\n`}    ${intakeText(intake)}
    ${trust === null ? "# " : ""}trust: same-user # jobs run as this server's user and may do all it can; without this line they do not run as processes
`;
}

function authText(auth: GithubAuth): string {
  if (auth.kind === "token")
    return `auth: { token: ${placeText(auth.token)} } # where the token is kept, not the token`;
  return `auth: { appId: ${auth.appId}, privateKey: ${placeText(auth.privateKey)} } # the app, and where its key is kept`;
}

function intakeText(intake: StarterSource["intake"]): string {
  if (intake === "poll") return "intake: poll # asks GitHub for jobs: no open port is needed";
  return `intake: ${intake} # webhooks tell of jobs at once${intake === "both" ? "; asking finds what they miss" : ""}`;
}

function placeText(place: SecretPlace): string {
  return `{ ${Object.entries(place)
    .map(([kind, where]) => `${kind}: ${wordText(String(where))}`)
    .join("")} }`;
}

/** In quotes where YAML could read it as anything but this text. */
function wordText(word: string): string {
  const isPlain = /^[A-Za-z_./][\w./-]*$/.test(word) && !/^(true|false|null|yes|no|on|off|\.(nan|inf))$/i.test(word);
  return isPlain ? word : JSON.stringify(word);
}
