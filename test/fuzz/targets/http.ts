/** The HTTP API: requests handed to its routes, and bytes on a connection, where the parser of requests is under test too. */
import { checkAnswer } from "../answers";
import type { Dice } from "../dice";
import { request, type HttpRequest } from "../http-requests";
import { fewer, shorterBytes, shorterText } from "../minimise";
import { mutateBytes } from "../mutate";
import { openScene, type Scene } from "../scene";
import { promise, type Stage, type Target } from "../target";
import { converse } from "../wire";

type Input =
  | { readonly by: "routes"; readonly request: HttpRequest }
  /** `whole`: a request that a server has to answer. */
  | { readonly by: "wire"; readonly bytes: Buffer; readonly whole: boolean; readonly pieces: number };

export const http: Target<Input> = {
  name: "http",
  share: 12,
  round: 200,
  open: async () => new Api(await openScene()),
  smaller,
  show: (input) =>
    input.by === "wire"
      ? JSON.stringify({ ...input, bytes: input.bytes.toString("latin1") })
      : JSON.stringify({ ...input.request, body: input.request.body.toString("latin1") }),
};

function* smaller(input: Input): Generator<Input> {
  if (input.by === "wire") {
    for (const bytes of shorterBytes(input.bytes)) yield { ...input, bytes };
    return;
  }
  const whole = input.request;
  for (const headers of fewer(whole.headers)) yield { by: "routes", request: { ...whole, headers } };
  for (const body of shorterBytes(whole.body)) yield { by: "routes", request: { ...whole, body } };
  for (const rest of shorterText(whole.path.slice(1))) yield { by: "routes", request: { ...whole, path: `/${rest}` } };
}

const patienceMs = 20;
/** Of a server that has to answer. */
const longPatienceMs = 5_000;

class Api implements Stage<Input> {
  readonly #scene: Scene;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  make(dice: Dice): Input {
    const made = request(dice, this.#scene);
    if (!isHeld(made) && dice.percent(75)) return { by: "routes", request: made };
    const plain = onWire(made, dice);
    const whole = dice.percent(50);
    const bytes = whole ? plain : mutateBytes(plain, dice, [Buffer.from("\r\n"), Buffer.from("0\r\n\r\n"), plain]);
    return { by: "wire", bytes, whole: whole && !isHeld(made), pieces: 1 + dice.few(4) };
  }

  async attempt(input: Input): Promise<void> {
    const { clock, pump, checkLog, idle } = this.#scene.server;
    await (input.by === "wire" ? this.#talk(input) : this.#ask(input.request));
    await idle();
    clock.forward(100);
    await pump();
    checkLog();
  }

  async #ask({ method, path, headers, body }: HttpRequest): Promise<void> {
    const answer = await this.#scene.server.app.inject({
      method: method as "GET",
      url: path,
      headers: Object.fromEntries(headers.filter(([name]) => !framing.includes(name))),
      ...(body.length > 0 ? { payload: body } : {}),
    });
    if (!isDraining(answer.payload)) checkAnswer(method === "HEAD" ? { ...answer, payload: "" } : answer);
    if (method !== "GET" || answer.statusCode !== 200) return;
    if (path.startsWith("/api/v1/jobs?")) await this.#checkCursor(answer.json());
  }

  /** A list's own cursor goes on. */
  async #checkCursor({ nextCursor }: { readonly nextCursor?: string | null }): Promise<void> {
    if (typeof nextCursor === "string")
      await this.#scene.server.ports.ledger.listJobs({ limit: 1, cursor: nextCursor });
  }

  async #talk({ bytes, whole, pieces }: Extract<Input, { by: "wire" }>): Promise<void> {
    const size = Math.max(1, Math.ceil(bytes.length / pieces));
    const cut = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
      bytes.subarray(at * size, (at + 1) * size),
    );
    const answer = await converse(this.#scene.server.app.server, {
      pieces: cut,
      patienceMs: whole ? longPatienceMs : patienceMs,
    });
    const statuses = [...answer.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status));
    promise(!whole || statuses.length > 0, () => "a whole request was not answered");
    promise(statuses.every((status) => status < 500) || isDraining(answer), () => `answered ${answer.slice(0, 600)}`);
  }

  async close(): Promise<void> {
    await this.#scene.server.close();
  }
}

/** What says where a body ends is made right by whoever hands a request to the routes. */
const framing = ["content-length", "transfer-encoding", "connection", "host", "expect"];

/** Answers that stay open until their reader leaves. */
function isHeld({ path }: HttpRequest): boolean {
  return /event|follow|fo%|%6/i.test(path);
}

/** The one refusal of its kind that is right: draining is something a request can ask for. */
function isDraining(answer: string): boolean {
  return answer.includes('"code":"not-accepting"');
}

function onWire({ method, path, headers, body }: HttpRequest, dice: Dice): Buffer {
  const chunked = dice.percent(20);
  const length = chunked ? "transfer-encoding: chunked" : `content-length: ${body.length}`;
  const given = headers.filter(([name]) => !framing.includes(name)).map(([name, value]) => `${name}: ${value}`);
  const head = [`${method} ${path} HTTP/1.1`, "host: localhost", "connection: close", length, ...given].join("\r\n");
  const framed = chunked ? [...chunk(body), Buffer.from("0\r\n\r\n")] : [body];
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n`, "latin1"), ...framed]);
}

function chunk(body: Buffer): readonly Buffer[] {
  if (body.length === 0) return [];
  return [Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from("\r\n")];
}
