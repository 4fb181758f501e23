/** Every call to GitHub's API but those of an app as itself: authenticated, within budget, its refusals explained. */
import { OnejobError } from "../../core/errors";
import type { Instant } from "../../core/model";
import type { BoundedMap } from "./bounded-map";
import { boundedMap } from "./bounded-map";
import type { Connection } from "./connection";
import type { Credential, Credentials } from "./credentials";
import { exchange } from "./exchange";
import { skewOf } from "./limits";
import { parseJson } from "./lossless-json";
import { nextPath } from "./next-path";
import { refusal } from "./refusals";
import type { Right } from "./rights";
import { ShapeError } from "./shape";
import type { WireAnswer } from "./wire";

export interface ApiCall {
  /** Whose credential to use. */
  readonly scope: string;
  /** What has to be allowed, for the error that says it is not. */
  readonly right: Right;
  /** @default "GET" */
  readonly method?: "GET" | "POST" | "DELETE";
  /** From the base of the API on, with its query. */
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>>;
  /** Looks for what got lost: it leaves room for others. */
  readonly background?: boolean;
  /** Statuses from 400 on that are answers here. */
  readonly expect?: readonly number[];
}

/** When an answer came, and how far the server's clock is ahead of ours; `null`: it does not say. */
export interface Heard {
  readonly receivedAt: Instant;
  readonly skewMs: number | null;
}

export interface ApiAnswer<T> extends Heard {
  readonly status: number;
  /** `undefined`: another status than 2xx. */
  readonly value: T | undefined;
  /** The body as it came. */
  readonly text: string;
  /** Path of the next page. */
  readonly next: string | null;
  readonly headers: Headers;
}

export interface Listed<T> extends Heard {
  readonly items: readonly T[];
}

export type Read<T> = (body: unknown) => T;

export interface GithubClient {
  /** Throws `source-unreachable`, `source-throttled`, `source-refused`. */
  call<T>(call: ApiCall, read: Read<T>): Promise<ApiAnswer<T>>;
  /** The same for GET, asking only whether it changed: what did not costs nothing of the primary limit. */
  ask<T>(call: ApiCall, read: Read<T>): Promise<ApiAnswer<T>>;
  /** All pages of a list, by `ask`; `undefined`: the first was answered with one of `expect`. */
  pages<T>(call: ApiCall, read: Read<readonly T[]>): Promise<Listed<T> | undefined>;
}

/** What was answered before, read already: a list of runs is megabytes, what is read of it is not. */
interface Remembered {
  readonly etag: string;
  readonly value: unknown;
  readonly next: string | null;
}

const mostRemembered = 5_000;
/** Of a hundred items each. */
const mostPages = 100;

export function openClient(connection: Connection, credentials: Credentials): GithubClient {
  const remembered: BoundedMap<Remembered> = boundedMap(mostRemembered);
  const talk: Talk = { connection, credentials };

  async function call<T>(call: ApiCall, read: Read<T>): Promise<ApiAnswer<T>> {
    return readAnswer(await speak(call, talk, {}), { call, read, connection });
  }

  async function ask<T>(call: ApiCall, read: Read<T>): Promise<ApiAnswer<T>> {
    // Two installations ask for their repositories by one path.
    const key = `${call.scope} ${call.path}`;
    const known = remembered.get(key);
    const condition: Record<string, string> = known === undefined ? {} : { "if-none-match": known.etag };
    const answer = await speak(call, talk, condition);
    const result = readAnswer(answer, { call, read, connection });
    if (answer.status === 304 && known !== undefined)
      return { ...result, status: 200, value: known.value as T, next: known.next };
    const etag = answer.headers.get("etag");
    if (etag !== null && result.value !== undefined)
      remembered.set(key, { etag, value: result.value, next: result.next });
    return result;
  }

  async function pages<T>(call: ApiCall, read: Read<readonly T[]>): Promise<Listed<T> | undefined> {
    const items: T[] = [];
    let { path } = call;
    for (let page = 1; ; page += 1) {
      const { value, next, receivedAt, skewMs }: ApiAnswer<readonly T[]> = await ask({ ...call, path }, read);
      if (value === undefined && page === 1) return undefined;
      items.push(...(value ?? []));
      if (next === null || next === path || page === mostPages) return { items, receivedAt, skewMs };
      path = next;
    }
  }

  return { call, ask, pages };
}

interface Talk {
  readonly connection: Connection;
  readonly credentials: Credentials;
}

/** GitHub's words for what an app's token may not. */
const lacksRight = /not accessible by integration/i;

/** One renewal after a 401: the token may have expired or been rotated. */
async function speak(call: ApiCall, talk: Talk, condition: Readonly<Record<string, string>>): Promise<WireAnswer> {
  const { credentials, connection } = talk;
  const [first] = await Promise.all([credentials.of(call.scope), connection.pauses.heard()]);
  const answer = await speakAs(first, call, { talk, condition });
  if (answer.status === 403 && lacksRight.test(answer.text)) credentials.lacking(call.scope, first);
  if (answer.status !== 401) return answer;
  credentials.refused(call.scope, first);
  const second = await credentials.of(call.scope);
  return second.token === first.token ? answer : speakAs(second, call, { talk, condition });
}

async function speakAs(
  { token, budget }: Credential,
  { method = "GET", path, body, background = false }: ApiCall,
  { talk, condition }: { talk: Talk; condition: Readonly<Record<string, string>> },
): Promise<WireAnswer> {
  const { baseUrl, line, headers } = talk.connection;
  const content = body === undefined ? {} : { "content-type": "application/json" };
  const answer = await exchange(
    {
      method,
      url: baseUrl + path,
      headers: { ...headers, ...content, ...condition, authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    },
    { budget, background, line },
  );
  // Its words end up in errors: should a server repeat what it was sent, the token does not.
  return answer.status < 400 ? answer : { ...answer, text: answer.text.replaceAll(token, "***") };
}

function readAnswer<T>(
  { status, text, headers }: WireAnswer,
  { call, read, connection }: { call: ApiCall; read: Read<T>; connection: Connection },
): ApiAnswer<T> {
  const receivedAt = connection.clock.now();
  const result = { status, text, headers, receivedAt, skewMs: skewOf(headers, receivedAt) };
  if (status >= 400 && call.expect?.includes(status) !== true) throw refused(call, { status, text, connection });
  if (status < 200 || status >= 300) return { ...result, value: undefined, next: null };
  const path = call.path;
  try {
    const value = read(text === "" ? undefined : parseJson(text));
    return { ...result, value, next: nextPath(path, headers.get("link")) };
  } catch (error) {
    if (!(error instanceof ShapeError || error instanceof SyntaxError)) throw error;
    const what = error instanceof ShapeError ? error.message : "it is not JSON";
    throw new OnejobError("source-unreachable", `${path} of ${new URL(connection.baseUrl).host}: ${what}`);
  }
}

function refused(
  { scope, right, method = "GET", path }: ApiCall,
  { status, text, connection }: { status: number; text: string; connection: Connection },
): OnejobError {
  return refusal({ method, path, scope, right, auth: connection.settings.auth.kind, status, text });
}
