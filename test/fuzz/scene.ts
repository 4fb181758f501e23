/** A server in the midst of its work: jobs and runners in every state, and what a caller may know of them. */
import type { AgentOrders, EnrolAnswer } from "../../runtime/core/agent-protocol";
import { apiSource } from "../../runtime/sources/api";
import { githubReceiver } from "../../runtime/sources/github/receive";
import { Bench } from "../sources/github/source-bench";
import { delivery, job, told } from "../sources/github/webhook-parcels";
import { bundleOf } from "../fixtures/tar-bytes";
import { bundlePart, form, formType, specPart } from "../entry/http/forms";
import { scopes } from "./webhook-corpus";
import { ask } from "./wire";
import { openServer, serverToken, type FuzzServer } from "./server";

export interface Scene {
  readonly server: FuzzServer;
  readonly jobs: readonly string[];
  readonly runners: readonly string[];
  readonly bootTokens: readonly string[];
  readonly leases: readonly string[];
  /** Of a list that goes on. */
  readonly cursor: string;
  readonly nonce: string;
}

const nonce = "nonce-0123456789abcdef";
export const at = "2026-11-21T12:00:00.000Z";
const apiJobs = 6;

/** Of six machines one has not enrolled, one listens, three run their job, and one has ended its. */
export async function openScene(): Promise<Scene> {
  const receive = githubReceiver(new Bench("https://github.com", { scopes }).options);
  const server = await openServer({ ...apiSource(), name: "gh", assigns: false, receive });
  const { body, headers } = delivery(told("queued", { ...job, labels: ["linux"] }));
  await post(server, "/webhooks/gh", { headers, body: Buffer.from(body) });
  const submission = form([
    specPart({ command: ["make"], retries: 1 }),
    bundlePart(bundleOf({ path: "a", content: "b" })),
  ]);
  for (let made = 0; made < apiJobs; made += 1) {
    server.clock.forward(10);
    await post(server, "/api/v1/jobs", {
      headers: { ...formType, authorization: `Bearer ${serverToken}` },
      body: submission,
    });
  }
  await server.pump();
  const bootTokens = server.compute.machines.map(({ bootToken }) => bootToken);
  const enrolled = bootTokens.slice(1);
  const leases: string[] = [];
  for (const token of enrolled) leases.push(await enrol(server, token));
  const started: string[] = [];
  for (const lease of leases.slice(1))
    if (await start(server, lease, { mayRun: lease !== leases[1] })) started.push(lease);
  const done = { type: "finished", at, exitCode: 0, signal: null, reason: null, detail: null };
  await report(server, started.at(-1) ?? "", { attempt: 1, events: [done] });
  await server.pump();
  const page = await server.ports.ledger.listJobs({ limit: apiJobs });
  return {
    ...{ server, bootTokens, leases, nonce },
    jobs: page.items.map(({ key }) => key),
    runners: server.compute.started.map(({ runner }) => runner),
    cursor: page.nextCursor ?? "",
  };
}

interface Posted {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | object;
}

async function post({ app }: FuzzServer, path: string, { headers, body }: Posted): Promise<unknown> {
  const isJson = !(body instanceof Uint8Array);
  const answer = await ask(app.server, {
    ...{ method: "POST", path },
    headers: Object.entries({ ...(isJson ? { "content-type": "application/json" } : {}), ...headers }),
    body: isJson ? Buffer.from(JSON.stringify(body)) : body,
  });
  if (answer.statusCode >= 300) throw new Error(`${path} answered ${answer.statusCode}: ${answer.payload}`);
  return JSON.parse(answer.payload);
}

async function enrol(server: FuzzServer, token: string): Promise<string> {
  const body = enrolBody(token, nonce);
  return ((await post(server, "/agent/v1/enrol", { headers: {}, body })) as EnrolAnswer).lease;
}

/** A forge's runner gets no assignment: what it runs is between the forge and its listener. */
async function start(server: FuzzServer, lease: string, { mayRun }: { readonly mayRun: boolean }): Promise<boolean> {
  const { assignment } = await report(server, lease, { attempt: 0, events: [{ type: "listening", at }] });
  if (!mayRun || assignment === null) return false;
  const log = { offset: 0, data: Buffer.from("hello\n").toString("base64") };
  await report(server, lease, { attempt: assignment.attempt, events: [{ type: "started", at }], log });
  return true;
}

async function report(server: FuzzServer, lease: string, body: object): Promise<AgentOrders> {
  const headers = { authorization: `Bearer ${lease}` };
  return (await post(server, "/agent/v1/report", { headers, body })) as AgentOrders;
}

export function enrolBody(token: string, ownNonce: string): object {
  const agent = { version: "1", os: "linux", arch: "x64" };
  return { protocol: 1, proof: { kind: "token", token }, nonce: ownNonce, agent, bootedAt: at };
}
