/** Webhooks: bytes that carry a right signature or not, to the source itself, and some of them through the server's door. */
import { OnejobError } from "../../../runtime/core/errors";
import type { JobEvent } from "../../../runtime/core/events";
import type { Delivery } from "../../../runtime/core/ports";
import { apiSource } from "../../../runtime/sources/api";
import { githubReceiver } from "../../../runtime/sources/github/receive";
import { noon } from "../../fixtures/records";
import { Bench } from "../../sources/github/source-bench";
import { delivery, sign } from "../../sources/github/webhook-parcels";
import { checkAnswer, headerText } from "../answers";
import type { Dice } from "../dice";
import { shorterBytes } from "../minimise";
import { mutateBytes, mutateJson, mutateWords } from "../mutate";
import { oddText } from "../odd";
import { openServer, type FuzzServer } from "../server";
import { promise, type Stage, type Target } from "../target";
import { ask } from "../wire";
import { jobNews, otherNews, scopes } from "../webhook-corpus";

interface Input {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  /** Through the server's door, and on into its flows. */
  readonly overHttp: boolean;
}

export const webhook: Target<Input> = {
  name: "webhook",
  share: 42,
  round: 500,
  open: async () => new Door(),
  *smaller(input) {
    for (const body of shorterBytes(input.body)) {
      const signed = input.headers["x-hub-signature-256"] === sign(input.body);
      const headers = signed ? { ...input.headers, "x-hub-signature-256": sign(body) } : input.headers;
      yield { ...input, headers, body };
    }
  },
  show: ({ body, headers, overHttp }) => JSON.stringify({ overHttp, headers, body: body.toString("latin1") }),
};

const overHttpPercent = 2;

class Door implements Stage<Input> {
  readonly #receive = githubReceiver(new Bench("https://github.com", { scopes }).options);
  #server: FuzzServer | undefined;

  make(dice: Dice): Input {
    const { event, payload } = dice.pick(dice.percent(85) ? jobNews : otherNews);
    const body = hostileBody(payload, dice);
    const given = dice.percent(95) ? event : oddText(dice);
    const { headers } = delivery(body, { event: given });
    const id = { "x-github-delivery": dice.percent(95) ? `d-${dice.below(1e9)}` : oddText(dice) };
    return { body, headers: { ...headers, ...id, ...oddHeaders(dice) }, overHttp: dice.percent(overHttpPercent) };
  }

  async attempt(input: Input): Promise<void> {
    await (input.overHttp ? this.#overHttp(input) : this.#straight(input));
  }

  async #straight({ body, headers }: Input): Promise<void> {
    const parcel: Delivery = { id: "request-1", headers, body, receivedAt: noon };
    try {
      const parsed = await this.#receive(parcel);
      if (parsed.kind === "events") parsed.events.forEach(checkEvent);
    } catch (error) {
      checkRefusal(error);
    }
  }

  async #overHttp({ body, headers }: Input): Promise<void> {
    this.#server ??= await openServer({ ...apiSource(), name: "gh", assigns: false, receive: this.#receive });
    const { app, pump, checkLog, clock } = this.#server;
    const plain = Object.entries(headers).map(([name, value]) => [name, headerText(value)] as const);
    const answer = await ask(app.server, { method: "POST", path: "/webhooks/gh", headers: plain, body });
    checkAnswer(answer);
    promise(
      [202, 400, 401, 404, 413, 415].includes(answer.statusCode),
      () => `a webhook was answered ${answer.statusCode}`,
    );
    clock.forward(100);
    await pump();
    checkLog();
  }

  async close(): Promise<void> {
    await this.#server?.close();
  }
}

function hostileBody(payload: unknown, dice: Dice): Buffer {
  const kind = dice.below(100);
  if (kind < 5) return Buffer.from(JSON.stringify(payload));
  if (kind < 65) return Buffer.from(mutateJson(payload, dice));
  const text = JSON.stringify(payload);
  if (kind < 80) return Buffer.from(mutateWords(text, dice));
  return mutateBytes(Buffer.from(text), dice, [Buffer.from(JSON.stringify(dice.pick(otherNews).payload))]);
}

function oddHeaders(dice: Dice): Readonly<Record<string, string>> {
  if (dice.percent(85)) return {};
  const name = dice.pick([
    "x-hub-signature-256",
    "content-type",
    "x-github-event",
    "content-encoding",
    "__proto__",
    "x",
  ]);
  const words = ["sha256=", "sha256=00", `sha256=${"0".repeat(64)}`, "text/plain", "application/json; charset=utf-16"];
  return { [name]: dice.percent(50) ? dice.pick(words) : oddText(dice) };
}

const mostBytes = 8 * 1024;

function checkEvent(event: JobEvent): void {
  const { facts } = event;
  const text = JSON.stringify(event);
  promise(Buffer.byteLength(text) <= mostBytes, () => `an event of ${Buffer.byteLength(text)} bytes`);
  promise(/^gh\/github\.com\/[1-9]\d{0,19}$/.test(facts.key), () => `the key ${facts.key}`);
  for (const at of [event.at, event.startedAt ?? 0, facts.createdAt]) {
    promise(Number.isSafeInteger(at) && at >= 0 && at <= noon, () => `the time ${at} in ${text}`);
  }
  for (const shown of [facts.name, event.runnerName ?? "", facts.url ?? "", ...facts.labels]) {
    promise(!/\p{Cc}|\p{Cs}/u.test(shown), () => `half a character, or one that steers, in ${JSON.stringify(shown)}`);
  }
}

const refusals = ["bad-signature", "bad-request", "bad-media-type"];

function checkRefusal(error: unknown): void {
  if (!(error instanceof OnejobError) || !refusals.includes(error.code)) throw error;
  promise(error.message.length < 500, () => `a refusal of ${error.message.length} characters`);
}
