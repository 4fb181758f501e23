/** Webhooks as GitHub sends them, signed, with bodies that a test chooses. */
import { createHmac } from "node:crypto";
import type { JobEvent } from "../../../runtime/core/events";
import type { Delivery } from "../../../runtime/core/ports";
import type { GithubSourceSettings } from "../../../runtime/core/settings";
import { githubReceiver } from "../../../runtime/sources/github/receive";
import { noon } from "../../fixtures/records";
import { Bench } from "./source-bench";

export const secret = "a webhook's secret";

export function sign(body: string | Uint8Array, key = secret): string {
  return `sha256=${createHmac("sha256", key).update(body).digest("hex")}`;
}

export interface Parcel {
  readonly event?: string;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function delivery(
  body: string | Uint8Array,
  { event = "workflow_job", key = secret, headers = {} }: Parcel = {},
): Delivery {
  return {
    id: "request-1",
    body: typeof body === "string" ? Buffer.from(body) : body,
    receivedAt: noon,
    headers: {
      "content-type": "application/json",
      "x-github-event": event,
      "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
      "x-hub-signature-256": sign(body, key),
      ...headers,
    },
  };
}

export const job = {
  id: 71,
  run_id: 31,
  run_attempt: 1,
  workflow_name: "CI",
  name: "test (1)",
  labels: ["self-hosted", "Linux"],
  html_url: "https://github.com/acme/widgets/actions/runs/31/job/71",
  created_at: "2026-11-21T11:59:50Z",
  started_at: "2026-11-21T11:59:50Z",
  completed_at: null,
  runner_name: null,
};
export const repository = { full_name: "acme/widgets" };

export const told = (action: unknown, workflow_job: unknown = job, rest: object = {}) =>
  JSON.stringify({ action, workflow_job, repository, ...rest });

export function receiver(changes: Partial<GithubSourceSettings> = {}) {
  const bench = new Bench("https://github.com", changes);
  return { bench, receive: githubReceiver(bench.options) };
}

export async function eventOf(body: string, changes: Partial<GithubSourceSettings> = {}): Promise<JobEvent> {
  const parsed = await receiver(changes).receive(delivery(body));
  if (parsed.kind !== "events") throw new Error(`not an event: ${JSON.stringify(parsed)}`);
  const [event] = parsed.events;
  if (event === undefined) throw new Error("no event");
  return event;
}
