/** The other end of a webhook: a real HTTP server that keeps what arrives and answers as it is told. */
import type { IncomingHttpHeaders } from "node:http";
import { HttpServer } from "./http-server";

export interface ReceivedWebhook {
  readonly headers: Readonly<IncomingHttpHeaders>;
  readonly text: string;
  readonly event: string;
  readonly action: string;
  /** The delivery's GUID. */
  readonly guid: string;
}

export class WebhookReceiver {
  readonly received: ReceivedWebhook[] = [];
  /** The status of each answer; `null` never answers. */
  answerWith: (webhook: ReceivedWebhook) => number | null = () => 202;
  url = "";
  private readonly server = new HttpServer(({ headers, text }) => {
    const { action } = JSON.parse(text) as { action: string };
    const event = headers["x-github-event"] ?? "";
    const webhook = { headers, text, event, action, guid: headers["x-github-delivery"] ?? "" };
    this.received.push(webhook);
    const status = this.answerWith(webhook);
    if (status === null) return new Promise(() => undefined);
    return Promise.resolve({ status, headers: {}, text: "" });
  });

  async start(): Promise<this> {
    this.url = `${await this.server.start(0)}/webhooks/github`;
    return this;
  }

  stop(): Promise<void> {
    return this.server.stop();
  }

  /** `workflow_job queued` and the like, in the order of arrival. */
  get names(): string[] {
    return this.received.map(({ event, action }) => `${event} ${action}`);
  }
}
