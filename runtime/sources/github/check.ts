/** What `onejob doctor` finds out about a GitHub source: as `serve` would ask, and without changing anything there. */
import { checkScope } from "./check-scope";
import { checkListener, checkPolling, checkSecrets } from "./check-settings";
import { connect, type Connection } from "./connection";
import { bad, good, inWords } from "./findings";
import { skewOf } from "./limits";
import { parseJson } from "./lossless-json";
import type { GithubCheckOptions, GithubFinding } from "./options";
import { isFields, optionalText } from "./shape";
import { placeName } from "./secrets";
import { openSpeakers } from "./speakers";
import type { WireAnswer } from "./wire";
import { send } from "./wire";

/** As far as tokens and durations stay right. */
const toleratedSkewMs = 30_000;

/** Never throws: what cannot be found out is a finding too. */
export async function checkGithubSource(options: GithubCheckOptions): Promise<readonly GithubFinding[]> {
  const here = [...(await checkSecrets(options)), ...checkPolling(options.settings), ...(await checkListener(options))];
  const connection = connect(options);
  const answer = await reach(connection);
  if ("id" in answer) return [answer, ...here];
  return [reachable(connection, answer), checkClock(connection, answer), ...(await checkScopes(connection)), ...here];
}

/** Without a credential: whatever the answer says, the server is there. */
async function reach({ baseUrl, headers, line, settings }: Connection): Promise<WireAnswer | GithubFinding> {
  const id = "github-reachable";
  const fix = `see that ${settings.url} is right and that this machine may reach ${baseUrl} (proxy, firewall, DNS)`;
  try {
    const answer = await send({ method: "GET", url: `${baseUrl}/meta`, headers }, line);
    return answer.status < 500 ? answer : bad(id, `${baseUrl} answers ${answer.status}`, fix);
  } catch (error) {
    return bad(id, inWords(error), fix);
  }
}

function reachable({ baseUrl }: Connection, { text }: WireAnswer): GithubFinding {
  const version = versionIn(text);
  return good(
    "github-reachable",
    `${baseUrl} answers${version === null ? "" : `, GitHub Enterprise Server ${version}`}`,
  );
}

function versionIn(text: string): string | null {
  try {
    const body = parseJson(text);
    return isFields(body) ? optionalText(body["installed_version"]) : null;
  } catch {
    return null;
  }
}

function checkClock({ clock }: Connection, { headers }: WireAnswer): GithubFinding {
  const id = "github-clock";
  const skew = skewOf(headers, clock.now());
  if (skew === null) return good(id, "the server does not tell its time");
  if (Math.abs(skew) <= toleratedSkewMs) return good(id, "this machine's clock and GitHub's agree");
  const seconds = Math.round(Math.abs(skew) / 1_000);
  const what = `this machine's clock is ${seconds} s ${skew > 0 ? "behind" : "ahead of"} GitHub's`;
  return bad(id, what, "let it be set over the network (NTP): tokens of apps are refused by a wrong clock");
}

/** The credential is judged by what the scopes say of it: an app has no call of its own that every server knows. */
async function checkScopes(connection: Connection): Promise<readonly GithubFinding[]> {
  const id = "github-credentials";
  const { auth, scopes } = connection.settings;
  const speakers = openSpeakers(connection);
  const findings: GithubFinding[] = [];
  try {
    for (const scope of scopes) findings.push(...(await checkScope({ scope, connection, speakers })));
  } catch (error) {
    const place = placeName(auth.kind === "app" ? auth.privateKey : auth.token);
    return [bad(id, inWords(error), `put one that holds into ${place}`)];
  }
  const fine = auth.kind === "app" ? `app ${auth.appId} is accepted` : "the token is accepted";
  return [good(id, fine), ...distinct(findings)];
}

/** Each scope tells when the token ends. */
function distinct(findings: readonly GithubFinding[]): readonly GithubFinding[] {
  return [...new Map(findings.map((finding) => [finding.id, finding])).values()];
}
