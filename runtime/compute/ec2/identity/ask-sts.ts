/** Has STS check a signature: it answers whose credentials signed the call, and knows what nobody else may know. */
import { identityBody, stsHost } from "../../../core/aws-identity";

export interface Caller {
  readonly account: string;
  /** Of a role: its own id, a colon, the name of the session. */
  readonly userId: string;
}

export type StsAnswer =
  { readonly kind: "caller"; readonly caller: Caller } | { readonly kind: "refused"; readonly code: string };

const answerMs = 5_000;
const longestAnswer = 16_384;
const longestCode = 64;

/** Throws when STS could not say. */
export async function askSts(
  {
    region,
    headers,
    authorization,
  }: { region: string; headers: Readonly<Record<string, string>>; authorization: string },
  fetchFrom: typeof fetch,
): Promise<StsAnswer> {
  // Made by whoever sends, and the same.
  const { host: _, ...sent } = headers;
  const response = await fetchFrom(`https://${stsHost(region)}/`, {
    method: "POST",
    headers: { ...sent, authorization, accept: "application/json" },
    body: identityBody,
    redirect: "error",
    signal: AbortSignal.timeout(answerMs),
  });
  const text = (await response.text()).slice(0, longestAnswer);
  if (response.status >= 500 || response.status === 429) throw new Error(`STS answers with status ${response.status}`);
  if (response.status !== 200) {
    const code = valueIn(text, "Code") ?? `status ${response.status}`;
    if (code === "Throttling") throw new Error("STS is asked too often");
    return { kind: "refused", code: code.slice(0, longestCode) };
  }
  const [account, userId] = [valueIn(text, "Account"), valueIn(text, "UserId")];
  if (account === undefined || userId === undefined) throw new Error("the answer of STS makes no sense");
  return { kind: "caller", caller: { account, userId } };
}

/** As JSON, which we ask for, or as XML, which is its mother tongue. Its values have no character that either escapes. */
function valueIn(text: string, name: string): string | undefined {
  const [, json, xml] = new RegExp(`"${name}"\\s*:\\s*"([^"\\\\]*)"|<${name}>([^<&]*)</${name}>`).exec(text) ?? [];
  return json ?? xml;
}
