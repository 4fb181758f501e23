/** The HTTP API: requests of every route, and bytes that once were some. */
import { checkAnswer } from "../answers";
import type { Dice } from "../dice";
import { request } from "../http-requests";
import { fewer, shorterBytes, shorterText } from "../minimise";
import { mutateBytes } from "../mutate";
import { openScene, type Scene } from "../scene";
import { promise, type Stage, type Target } from "../target";
import { converse, readAnswer, requestBytes, type HttpAnswer, type HttpRequest } from "../wire";

/** Sent in so many pieces. */
interface Sent {
  readonly pieces: number;
  readonly chunked: boolean;
}

type Input = Sent &
  (
    | { readonly kind: "request"; readonly request: HttpRequest }
    /** No client's request any more; a server may answer it, or wait for the rest. */
    | { readonly kind: "bytes"; readonly bytes: Buffer }
  );

export const http: Target<Input> = {
  name: "http",
  share: 12,
  round: 200,
  open: async () => new Api(await openScene()),
  smaller,
  show: (input) => {
    if (input.kind === "bytes") return JSON.stringify({ ...input, bytes: input.bytes.toString("latin1") });
    return JSON.stringify({ ...input.request, body: Buffer.from(input.request.body).toString("latin1") });
  },
};

function* smaller(input: Input): Generator<Input> {
  if (input.kind === "bytes") {
    for (const bytes of shorterBytes(input.bytes)) yield { ...input, bytes };
    return;
  }
  const whole = input.request;
  for (const headers of fewer(whole.headers)) yield { ...input, request: { ...whole, headers } };
  for (const body of shorterBytes(whole.body)) yield { ...input, request: { ...whole, body } };
  for (const rest of shorterText(whole.path.slice(1))) yield { ...input, request: { ...whole, path: `/${rest}` } };
}

/** Of a client that may have to wait for ever. */
const shortPatienceMs = 20;
const longPatienceMs = 15_000;

class Api implements Stage<Input> {
  readonly #scene: Scene;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  make(dice: Dice): Input {
    const made = request(dice, this.#scene);
    const sent = { pieces: 1 + dice.few(4), chunked: dice.percent(10) };
    if (dice.percent(85)) return { ...sent, kind: "request", request: made };
    const plain = requestBytes(made, sent);
    const others = [Buffer.from("\r\n"), Buffer.from("0\r\n\r\n"), Buffer.from("content-length: 5\r\n"), plain];
    return { ...sent, kind: "bytes", bytes: mutateBytes(plain, dice, others) };
  }

  async attempt(input: Input): Promise<void> {
    const { clock, pump, checkLog, idle } = this.#scene.server;
    await (input.kind === "bytes" ? this.#talk(input.bytes, input) : this.#ask(input.request, input));
    await idle();
    clock.forward(100);
    await pump();
    checkLog();
  }

  async #ask(asked: HttpRequest, sent: Sent): Promise<void> {
    const isHeld = isEndless(asked);
    const bytes = requestBytes(asked, sent);
    const answer = await this.#send(bytes, { ...sent, patienceMs: isHeld ? shortPatienceMs : longPatienceMs });
    promise(isHeld || answer !== undefined, () => "a request was not answered");
    if (answer === undefined || isDraining(answer)) return;
    checkAnswer(answer);
    const isList = asked.method === "GET" && /^\/api\/v1\/jobs(\?|$)/.test(asked.path);
    if (isList && answer.statusCode === 200) await this.#checkCursor(answer);
  }

  /** A list's own cursor goes on. */
  async #checkCursor({ payload }: HttpAnswer): Promise<void> {
    const { nextCursor: cursor } = JSON.parse(payload) as { readonly nextCursor: string | null };
    if (cursor !== null) await this.#scene.server.ports.ledger.listJobs({ limit: 1, cursor });
  }

  async #talk(bytes: Buffer, sent: Sent): Promise<void> {
    const answer = await this.#send(bytes, { ...sent, patienceMs: shortPatienceMs });
    if (answer !== undefined && !isDraining(answer)) checkAnswer(answer);
  }

  async #send(bytes: Buffer, { pieces, patienceMs }: Sent & { readonly patienceMs: number }) {
    const size = Math.max(1, Math.ceil(bytes.length / pieces));
    const starts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => at * size);
    const cut = starts.map((from) => bytes.subarray(from, from + size));
    return readAnswer(await converse(this.#scene.server.app.server, { pieces: cut, patienceMs }));
  }

  async close(): Promise<void> {
    await this.#scene.server.close();
  }
}

/** Answers that stay open until their reader leaves. */
function isEndless({ path }: HttpRequest): boolean {
  return /event|follow|fo%|%6/i.test(path);
}

/** The one refusal of its kind that is right: draining is something a request can ask for. */
function isDraining({ payload }: HttpAnswer): boolean {
  return payload.includes('"code":"not-accepting"');
}
