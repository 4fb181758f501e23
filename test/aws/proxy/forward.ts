/** Hands a request on to moto as it came, and its answer back as it came. */
import { Agent, request } from "node:http";
import { buffer } from "node:stream/consumers";
import type { Arrived } from "./door";
import type { Answer } from "./refusals";

/** Between two neighbours; what follows is another message. */
const ofTheConnection = new Set(["connection", "keep-alive", "transfer-encoding", "expect", "content-length"]);

export class Forwarder {
  readonly #target: URL;
  /** One call after the other: moto reads, compares and writes in three steps, which threads of it would mix up. */
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(url: string) {
    this.#target = new URL(url);
  }

  send({ method, path, rawHeaders, body }: Arrived): Promise<Answer> {
    const headers = withoutThose(rawHeaders);
    headers.push("content-length", String(body.byteLength));
    const { hostname: host, port } = this.#target;
    return new Promise((resolve, reject) => {
      const sent = request({ host, port, method, path, headers, agent: this.#agent }, (response) => {
        const { statusCode: status = 502, rawHeaders: given } = response;
        buffer(response).then((bytes) => {
          // The length of what HEAD does not send is a fact of the answer.
          const length = response.headers["content-length"] ?? String(bytes.byteLength);
          resolve({ status, headers: [...withoutThose(given), "content-length", length], body: bytes });
        }, reject);
      });
      sent.on("error", reject);
      sent.end(body);
    });
  }

  /** The same question with another form. */
  sendForm(asked: Arrived, form: URLSearchParams): Promise<Answer> {
    return this.send({ ...asked, body: Buffer.from(form.toString()) });
  }

  /** A question of the proxy's own, as a JSON protocol has it. */
  async ask(target: string, input: object): Promise<{ readonly status: number; readonly value: unknown }> {
    const service = target.startsWith("AmazonSSM") ? "ssm" : "sqs";
    const scope = `Credential=testing/20260101/eu-west-1/${service}/aws4_request`;
    const rawHeaders = [
      ...["host", this.#target.host, "x-amz-target", target, "content-type", "application/x-amz-json-1.1"],
      ...["authorization", `AWS4-HMAC-SHA256 ${scope}, SignedHeaders=host, Signature=0`],
    ];
    const body = Buffer.from(JSON.stringify(input));
    const answer = await this.send({ method: "POST", path: "/", header: () => undefined, rawHeaders, body });
    return { status: answer.status, value: JSON.parse(answer.body.toString()) };
  }

  close(): void {
    this.#agent.destroy();
  }
}

function withoutThose(raw: readonly string[]): string[] {
  const kept: string[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const [name = "", value = ""] = raw.slice(at, at + 2);
    if (!ofTheConnection.has(name.toLowerCase())) kept.push(name, value);
  }
  return kept;
}
