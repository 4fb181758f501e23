/** The functions agent, api and work of one fleet, asked through one door. */
import type { EnrolAnswer, EnrolRequest } from "../../runtime/core/agent-protocol";
import { createAgent } from "../../runtime/entry/lambda/agent";
import { createApi } from "../../runtime/entry/lambda/api";
import type { ProxyAnswer, ProxyEvent } from "../../runtime/entry/lambda/proxy-event";
import { createWork } from "../../runtime/entry/lambda/work";
import { messageText } from "../../runtime/queue/message-text";
import { bundlePart, form, formType, specPart } from "../entry/http/forms";
import type { FleetWorld } from "./fleet-world";
import type { Claimed, Machines } from "./machines";
import { doors, type DoorName, type Request } from "./requests";

const nonce = "nonce-0123456789abcdef";
export const at = "2026-11-21T12:00:00.000Z";
export const json = { "Content-Type": "application/json" };
export const jsonOf = <T = Record<string, unknown>>(answer: ProxyAnswer): T => JSON.parse(answer.body) as T;
export const bytesOf = ({ body, isBase64Encoded }: ProxyAnswer): Buffer =>
  Buffer.from(body, isBase64Encoded ? "base64" : "utf8");
export const jobPath = (key: unknown, rest = ""): string => `/api/v1/jobs/${encodeURIComponent(String(key))}${rest}`;

export class DrivenFleet {
  readonly world: FleetWorld;
  readonly #api: ReturnType<typeof createApi>;
  readonly #agent: ReturnType<typeof createAgent>;
  readonly #work: ReturnType<typeof createWork>;
  door: DoorName = "a function URL";
  lease = "";
  attempt = 0;

  constructor(world: FleetWorld, agentFile = "agent.js") {
    this.world = world;
    this.#api = createApi(world.facts);
    this.#agent = createAgent(world.facts, { agentFile });
    this.#work = createWork(world.facts);
  }

  api(request: Request): Promise<ProxyAnswer> {
    return this.handle(doors[this.door](request));
  }

  /** The function api, asked with what Lambda hands over. */
  handle(event: ProxyEvent): Promise<ProxyAnswer> {
    return this.#api(event);
  }

  agent(path: string, body?: unknown, request: Partial<Request> = {}): Promise<ProxyAnswer> {
    const headers = { ...json, Authorization: `Bearer ${this.lease}`, ...request.headers };
    const method = request.method ?? (body === undefined ? "GET" : "POST");
    return this.#agent(
      doors[this.door]({
        path: `/agent/v1/${path}`,
        method,
        headers,
        query: request.query ?? {},
        body: body === undefined ? "" : JSON.stringify(body),
      }),
    );
  }

  /** Works off whatever stands on the queue, and what comes of it. */
  async pump(): Promise<void> {
    for (let rounds = 0; rounds < 5; rounds++) {
      const messages = await this.world.messages();
      if (messages.length === 0) return;
      const Records = messages.map((message, n) => ({
        messageId: String(n),
        receiptHandle: "x",
        body: messageText(message),
      }));
      await this.#work({ Records });
    }
  }

  /** As the machine of the profile's one runner, in everything but the changes. */
  async enrol(machines: Machines, changes: Partial<Claimed> = {}): Promise<ProxyAnswer> {
    const { fleet, accountId, machines: known } = this.world.facts;
    const { runners } = await this.world.ledger.readProfile("small");
    const [runner] = runners;
    const tags = { "onejob:profile": "small", "onejob:runner": runner?.id ?? "" };
    const roleId = known["small"]?.roleId ?? "";
    const itself = { fleet, machine: runner?.machine ?? "", tags, nonce, account: accountId, roleId };
    return this.enrolBy(await machines.prove({ ...itself, ...changes }));
  }

  async enrolBy(proof: EnrolRequest["proof"]): Promise<ProxyAnswer> {
    const agent = { version: "1", os: "linux", arch: "x64" };
    const answer = await this.agent("enrol", { protocol: 1, proof, nonce, agent, bootedAt: at });
    this.lease = jsonOf<EnrolAnswer>(answer).lease;
    return answer;
  }

  async submit(spec: object, bundle?: Uint8Array): Promise<string> {
    const body = bundle === undefined ? Buffer.from(JSON.stringify(spec)) : form([specPart(spec), bundlePart(bundle)]);
    const headers = bundle === undefined ? json : { "Content-Type": formType["content-type"] };
    const answer = await this.api({ path: "/api/v1/jobs", headers, body });
    if (answer.statusCode !== 201) throw new Error(`the job was refused: ${answer.body}`);
    return String(jsonOf(answer)["key"]);
  }
}
