/** Requests of every route, from the right ones to the absurd. */
import { boundary, bundlePart, form, formType, specPart } from "../entry/http/forms";
import { hostileBundles } from "../fixtures/hostile-bundles";
import { bundleOf } from "../fixtures/tar-bytes";
import { enrolment, heartbeat, hostile, report } from "./agent-messages";
import { headerText } from "./answers";
import type { Dice } from "./dice";
import { mutateBytes, mutateJson, mutateWords } from "./mutate";
import { anyText, oddNumber, oddText } from "./odd";
import type { Scene } from "./scene";
import { serverToken } from "./server";
import type { HttpRequest } from "./wire";

interface Ask {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

const json = { "content-type": "application/json" };

export function request(dice: Dice, scene: Scene): HttpRequest {
  const ask = dice.pick(asks)(dice, scene);
  const method = dice.percent(96)
    ? ask.method
    : dice.pick(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"]);
  const path = dice.percent(93) ? ask.path : pathText(mutateWords(ask.path, dice, ["jobs", "logs", "..", "%2f"]));
  const headers = { authorization: `Bearer ${bearer(dice, scene)}`, ...ask.headers };
  return {
    method,
    path,
    headers: [...Object.entries(headers), ...moreHeaders(dice)],
    body: ask.body ?? Buffer.alloc(0),
  };
}

/** What no client can send in a first line is written as it has to be. */
function pathText(path: string): string {
  const text = path.replace(/[^\x21-\x7e]/gu, encoded);
  return `/${text.replace(/^\/+/, "")}`.slice(0, 12_000);
}

function encoded(character: string): string {
  return hasHalf(character) ? "%ED%A0%80" : encodeURIComponent(character);
}

/** Half of a pair, which has no encoding. */
function hasHalf(text: string): boolean {
  return /\p{Cs}/u.test(text);
}

function bearer(dice: Dice, { leases }: Scene): string {
  if (dice.percent(90)) return serverToken;
  return dice.percent(50) ? dice.pick(leases) : headerText(mutateWords(serverToken, dice));
}

function moreHeaders(dice: Dice): readonly (readonly [string, string])[] {
  if (dice.percent(75)) return [];
  const name = dice.pick([
    ...["idempotency-key", "x-request-id", "accept", "content-type", "content-encoding", "content-length", "expect"],
    ...[
      "transfer-encoding",
      "connection",
      "host",
      "range",
      "if-none-match",
      "origin",
      "x-github-delivery",
      "__proto__",
    ],
  ]);
  const values = [
    "chunked",
    "identity",
    "gzip",
    "close",
    "upgrade",
    "100-continue",
    "0",
    "-1",
    "9999999",
    "*",
    "bytes=0-1",
  ];
  return [[name, dice.percent(60) ? dice.pick(values) : headerText(oddText(dice))]];
}

type MakeAsk = (dice: Dice, scene: Scene) => Ask;

const asks: readonly MakeAsk[] = [
  (dice) => ({
    method: "GET",
    path: dice.pick(["/health", "/ready", "/metrics", "/openapi.json", "/", "/favicon.ico"]),
  }),
  (dice, scene) => ({ method: "GET", path: `/api/v1/jobs${listQuery(dice, scene)}` }),
  (dice, scene) => ({ method: "GET", path: `/api/v1/jobs${listQuery(dice, scene)}` }),
  (dice, scene) => ({ method: "GET", path: `${jobPath(dice, scene)}${dice.pick(["", "", "/timeline", "/why"])}` }),
  (dice, scene) => ({ method: "GET", path: `${jobPath(dice, scene)}${dice.pick(["", "", "/timeline", "/why"])}` }),
  (dice, scene) => ({ method: "GET", path: `${jobPath(dice, scene)}/logs${logQuery(dice)}` }),
  (dice, scene) => ({ method: "POST", path: `${jobPath(dice, scene)}${dice.pick(["/cancel", "/rerun"])}` }),
  (dice, scene) => ({ method: dice.pick(["GET", "POST"]), path: runnerPath(dice, scene) }),
  (dice) => ({ method: "GET", path: `/api/v1/${dice.pick(["runners", "profiles", "status", "events"])}` }),
  (dice) => ({ method: "POST", path: "/api/v1/drain", headers: json, body: drainBody(dice) }),
  submitJson,
  submitJson,
  submitForm,
  submitForm,
  agentAsk,
];

function agentAsk(dice: Dice, scene: Scene): Ask {
  const [route, body] = dice.pick([
    ["enrol", enrolment(dice, scene)],
    ["report", report(dice)],
    ["heartbeat", heartbeat(dice)],
  ] as const);
  return {
    method: "POST",
    path: `/agent/v1/${route}`,
    headers: { ...json, authorization: `Bearer ${dice.pick(scene.leases)}` },
    body: hostile(body, dice),
  };
}

function part(dice: Dice, known: readonly string[]): string {
  const word = dice.percent(65) ? dice.pick(known) : dice.percent(60) ? oddText(dice) : anyText(dice);
  const changed = dice.percent(80) ? word : word.slice(0, dice.below(word.length + 1));
  return dice.percent(95) && !hasHalf(changed) ? encodeURIComponent(changed) : pathText(changed).slice(1);
}

function jobPath(dice: Dice, { jobs }: Scene): string {
  const ids = jobs.flatMap((key) => [key, key, key.slice(key.lastIndexOf("/") + 1), key.toUpperCase()]);
  const pages = ["https://github.com/acme/widgets/actions/runs/31/job/71", "https://github.com/71", "01JD00"];
  return `/api/v1/jobs/${part(dice, [...ids, ...pages])}`;
}

function runnerPath(dice: Dice, { runners }: Scene): string {
  const names = runners.flatMap((id) => [id, `onejob-${id}`]);
  return `/api/v1/runners/${part(dice, names)}${dice.pick(["", "", "/drain"])}`;
}

function query(dice: Dice, names: Readonly<Record<string, () => string>>): string {
  const pairs = Array.from({ length: dice.few(4) }, () => {
    const name = dice.pick(Object.keys(names));
    const value = dice.percent(70) ? (names[name]?.() ?? "") : part(dice, [String(oddNumber(dice))]);
    return `${dice.percent(95) ? name : part(dice, [`${name}[]`, "__proto__", "constructor", ""])}=${value}`;
  });
  return pairs.length === 0 ? "" : `?${pairs.join(dice.percent(95) ? "&" : ";")}`;
}

function listQuery(dice: Dice, { cursor }: Scene): string {
  return query(dice, {
    state: () => part(dice, ["queued", "running", "completed", "done"]),
    source: () => part(dice, ["api", "gh", "nobody"]),
    profile: () => part(dice, ["small", "large", "nobody"]),
    limit: () => dice.pick(["1", "2", "500", "501", "0", "-1", "1.5", "1e2", " 1", "", "true"]),
    cursor: () => (dice.percent(50) ? cursor : oddCursor(dice, cursor)),
  });
}

function oddCursor(dice: Dice, cursor: string): string {
  const place = Buffer.from(cursor, "base64url");
  return mutateBytes(dice.percent(70) ? place : Buffer.from("000000000000000#a"), dice).toString("base64url");
}

function logQuery(dice: Dice): string {
  return query(dice, {
    offset: () => dice.pick(["0", "3", "6", "7", "-1", "9007199254740991", "9007199254740992", "1e3", "x"]),
    follow: () => dice.pick(["true", "false", "1", "0", "yes", ""]),
  });
}

function drainBody(dice: Dice): Buffer {
  // Seldom all at once, or nothing would be left to ask about.
  const value = dice.percent(5) ? { now: true } : dice.pick([{ resume: true }, { now: true, resume: true }]);
  return Buffer.from(dice.percent(60) ? JSON.stringify(value) : mutateJson(value, dice));
}

const specs: readonly object[] = [
  { command: ["true"] },
  { command: ["make", "test"], labels: ["linux"], env: { CI: "1" }, timeout: "10m", retries: 2, name: "a name" },
  { command: ["x"], profile: "large", timeout: 1.5, labels: [], env: {}, retries: null, name: null },
];

function spec(dice: Dice): Buffer {
  const value = dice.pick(specs);
  if (dice.percent(20)) return Buffer.from(JSON.stringify(value));
  return Buffer.from(dice.percent(75) ? mutateJson(value, dice) : mutateWords(JSON.stringify(value), dice));
}

/** Twice the same now and then. */
function idempotency(dice: Dice): Readonly<Record<string, string>> {
  if (dice.percent(60)) return {};
  return { "idempotency-key": dice.percent(80) ? `key-${dice.below(20)}` : headerText(oddText(dice)) };
}

function submitJson(dice: Dice): Ask {
  return { method: "POST", path: "/api/v1/jobs", headers: { ...json, ...idempotency(dice) }, body: spec(dice) };
}

const small = hostileBundles.map(({ bytes }) => bytes).filter(({ length }) => length < 4_000);
const whole = bundleOf({ path: "a/b", content: "text" }, { path: "l", type: "2", linkpath: "a/b" });

function submitForm(dice: Dice): Ask {
  const bundle = dice.pick([whole, dice.pick(small), mutateBytes(whole, dice)]);
  const made = dice.percent(50) ? specPart(dice.pick(specs)) : { ...specPart({}), content: spec(dice) };
  const parts = dice.pick([[made], [made, bundlePart(bundle)], [made, bundlePart(bundle)], [bundlePart(bundle), made]]);
  const body = form(parts, { open: dice.percent(5) });
  const words = [boundary, `--${boundary}--\r\n`, "\r\n\r\n", 'name="spec"', "Content-Transfer-Encoding: base64\r\n"];
  const changed = dice.percent(50) ? body : mutateBytes(body, dice, [...words.map((word) => Buffer.from(word)), body]);
  const type = dice.percent(92) ? formType["content-type"] : headerText(mutateWords(formType["content-type"], dice));
  return {
    method: "POST",
    path: "/api/v1/jobs",
    headers: { "content-type": type, ...idempotency(dice) },
    body: changed,
  };
}
