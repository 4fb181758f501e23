/**
 * The door for forges: verified, parsed, stored on the queue, and only then answered with 2xx. Kept small, because every
 * job waits for its cold start: no forge client, no ledger, no compute.
 */
import { SQSClient } from "@aws-sdk/client-sqs";
import { SSMClient } from "@aws-sdk/client-ssm";
import { OnejobError } from "../../core/errors";
import type { FleetFacts } from "../../core/fleet-facts";
import type { LogFields } from "../../core/ports";
import type { GithubSourceSettings, SourceSettings } from "../../core/settings";
import { receiveDelivery, type ReceivingPorts } from "../../flow/receive-delivery";
import { sqsQueue } from "../../queue/sqs-queue";
import { githubReceiver } from "../../sources/github/receive";
import { nodeRandom, systemClock } from "../host/node-random";
import { storedDeliveries } from "../host/stored-deliveries";
import {
  deliveryId,
  noSuchSource,
  notJson,
  webhookMediaType,
  webhookNotStored,
  webhookTooLarge,
} from "../http/webhook-request";
import { patienceMs, quickOptions } from "./clients";
import { hosting, type Handler, type Hosting } from "./hosting";
import {
  failedAnswer,
  jsonAnswer,
  readBody,
  readRequest,
  type ProxyAnswer,
  type ProxyEvent,
  type ProxyRequest,
} from "./proxy-event";
import { ssmSecrets, type Secrets } from "./ssm-secrets";
import { ssmSettings, type SettingsLoader } from "./ssm-settings";

interface Door {
  readonly host: Hosting;
  readonly settings: SettingsLoader;
  readonly secrets: Secrets;
  readonly ports: ReceivingPorts;
}

export function createWebhook(facts: FleetFacts): Handler<ProxyEvent, ProxyAnswer> {
  const host = hosting("webhook", facts);
  const door = openDoor(facts, host);
  const stored = storedDeliveries();
  // The first delivery need not wait for it then.
  door.settings.load().catch(() => undefined);
  return host.handler(async (event) => {
    try {
      return jsonAnswer(202, await receive(event, door, stored), host.request());
    } catch (error) {
      const ids = idsOf(event, host);
      if (!(error instanceof OnejobError) || error.code === "not-stored")
        host.log.error("webhook not stored", { ...ids, error });
      else host.log.info("webhook refused", { ...ids, code: error.code, what: error.message });
      return failedAnswer(error, host.request());
    }
  });
}

function openDoor(facts: FleetFacts, host: Hosting): Door {
  const { log, meter } = host;
  const client = new SSMClient(quickOptions);
  const given = { clock: systemClock, random: nodeRandom };
  const { settings: settingsMs, secrets: secretsMs } = patienceMs.webhook;
  const path = facts.settingsPath;
  const settings = ssmSettings({ client, path, log, patience: { ...given, withinMs: settingsMs } });
  const secrets = ssmSecrets({ client, log, patience: { ...given, withinMs: secretsMs } });
  const queue = sqsQueue({ client: new SQSClient(quickOptions), queueUrl: facts.queueUrl, log });
  const source: ReceivingPorts["source"] = (name) => {
    const wanted = forgeOf(settings, name);
    return wanted && { assigns: false, receive: renewing(wanted, secrets) };
  };
  return { host, settings, secrets, ports: { log, meter, queue, source } };
}

function forgeOf(settings: SettingsLoader, name: string): GithubSourceSettings | undefined {
  const isWanted = (source: SourceSettings): source is GithubSourceSettings =>
    source.kind === "github" && source.name === name;
  return settings.current().sources.find(isWanted);
}

/** A secret may have been changed a moment ago: what none of those in memory fits is held against new ones, once. */
function renewing(settings: GithubSourceSettings, secrets: Secrets): ReturnType<typeof githubReceiver> {
  const receive = githubReceiver({ settings, secret: secrets.read });
  return async (delivery) => {
    try {
      return await receive(delivery);
    } catch (error) {
      const unfit = error instanceof OnejobError && error.code === "bad-signature";
      if (!unfit || !secrets.renew(settings.webhookSecrets)) throw error;
      return receive(delivery);
    }
  };
}

/** Of what was not taken: the source it named, and what the forge calls it. */
function idsOf(event: ProxyEvent, host: Hosting): LogFields {
  const { path, headers } = readRequest(event);
  return { source: route.exec(path)?.[1] ?? null, delivery: deliveryOf(headers, host) };
}

function deliveryOf(headers: ProxyRequest["headers"], host: Hosting): string {
  return deliveryId(headers) ?? host.request();
}

const route = /^\/webhooks\/([A-Za-z0-9][A-Za-z0-9._-]*)$/;

async function receive(event: ProxyEvent, door: Door, stored: ReturnType<typeof storedDeliveries>) {
  const { method, path, headers } = readRequest(event);
  const source = route.exec(path)?.[1];
  if (source === undefined || method !== "POST")
    throw new OnejobError("not-found", "webhooks are sent to POST /webhooks/<source>");
  const { host, settings, ports } = door;
  try {
    await settings.load();
    if (forgeOf(settings, source) === undefined) throw noSuchSource(source);
    const limit = settings.current().server.maxWebhookBytes;
    const body = readBody(event, { limit, tooLarge: webhookTooLarge });
    if (!webhookMediaType.test(headers["content-type"] ?? "")) throw notJson();
    const delivery = { id: deliveryOf(headers, host), headers, body, receivedAt: systemClock.now() };
    return await receiveDelivery({ source, delivery, stored }, ports);
  } catch (error) {
    const refused = error instanceof OnejobError && isRefusal(error);
    host.meter.count("onejob_webhooks_total", { source, outcome: refused ? "refused" : "not-stored" });
    throw refused ? error : webhookNotStored(source, error);
  }
}

/** What the sender has to change; all else is ours, and may be sent again. */
function isRefusal({ entry, code }: OnejobError): boolean {
  return entry.httpStatus < 500 && code !== "bad-config";
}
