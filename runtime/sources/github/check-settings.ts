/** The part of the check that asks nobody: what the settings promise must be there, and fit together. */
import { join } from "node:path";
import type { GithubSourceSettings } from "../../core/settings";
import { bad, good, inWords } from "./findings";
import type { GithubCheckOptions, GithubFinding } from "./options";
import { placeName, readCredential } from "./secrets";
import { isRepository } from "./urls";

export async function checkSecrets({ settings, secret }: GithubCheckOptions): Promise<readonly GithubFinding[]> {
  const id = "github-webhook-secrets";
  const { intake, webhookSecrets } = settings;
  if (intake === "poll") return [];
  if (webhookSecrets.length === 0)
    return [
      bad(id, "webhooks are taken, but there is no secret to know them by", "set webhookSecrets, or intake: poll"),
    ];
  const findings: GithubFinding[] = [];
  for (const place of webhookSecrets) {
    try {
      await readCredential(place, { secret, what: "a webhook secret" });
    } catch (error) {
      findings.push(bad(id, inWords(error), `put the webhook's secret into ${placeName(place)}`));
    }
  }
  return findings.length > 0 ? findings : [good(id, `${webhookSecrets.length} webhook secret(s) can be read`)];
}

export function checkPolling({ intake, auth, scopes }: GithubSourceSettings): readonly GithubFinding[] {
  const id = "github-polling";
  if (intake === "webhook") return [];
  const organisation = scopes.find((scope) => !isRepository(scope));
  if (auth.kind === "app" || organisation === undefined) return [good(id, "jobs are found by asking for them")];
  const what = `with a token nobody lists the repositories of "${organisation}"`;
  if (intake === "both") return [good(id, `${what}: only those webhooks told of are asked for jobs`)];
  return [
    bad(id, `${what}, so no job there is ever found`, "name repositories in scopes, use an app, or take webhooks"),
  ];
}

export async function checkListener({ settings, fileExists }: GithubCheckOptions): Promise<readonly GithubFinding[]> {
  const id = "github-runner";
  const { runner } = settings;
  if (!("path" in runner))
    return [good(id, `GitHub's runner (${runner.version}) is installed when it is first needed`)];
  if (fileExists === undefined) return [];
  const program = join(runner.path, "bin", "Runner.Listener");
  if (await fileExists(program).catch(() => false)) return [good(id, `${program} is there`)];
  return [
    bad(
      id,
      `${program} is missing`,
      "unpack GitHub's runner there, or let it be installed: runner: { version: latest }",
    ),
  ];
}
