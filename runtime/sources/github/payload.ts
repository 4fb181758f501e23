/** Reads a verified webhook: what it says about jobs of ours, or why it is none of our business. */
import { OnejobError } from "../../core/errors";
import type { Parsed } from "../../core/events";
import type { Delivery } from "../../core/ports";
import type { GithubSourceSettings } from "../../core/settings";
import { isTold, jobEvent, jobFacts, toldWith } from "./job-events";
import { readJobDocument } from "./job-document";
import { parseJson } from "./lossless-json";
import type { Fields } from "./shape";
import { fields, idText, ShapeError, textOf } from "./shape";
import { hostOf, scopeOf } from "./urls";

type Settings = Pick<GithubSourceSettings, "name" | "url" | "runnerGroup" | "scopes">;

/** Throws `bad-request`, `bad-media-type`. */
export function parseDelivery(delivery: Delivery, settings: Settings): Parsed {
  const event = delivery.headers["x-github-event"];
  if (event === undefined) throw new OnejobError("bad-request", "the header x-github-event is missing");
  requireJson(delivery.headers["content-type"] ?? "");
  try {
    const payload = fields(parseBody(delivery.body), "the payload");
    return parseEvent(event, payload, { delivery, settings });
  } catch (error) {
    if (error instanceof ShapeError) throw new OnejobError("bad-request", error.message);
    throw error;
  }
}

function requireJson(contentType: string): void {
  if (/^application\/json\s*(?:;|$)/i.test(contentType)) return;
  throw new OnejobError(
    "bad-media-type",
    "choose the content type application/json in the settings of the webhook at GitHub",
  );
}

function parseBody(body: Uint8Array): unknown {
  const text = decode(body);
  try {
    return parseJson(text);
  } catch {
    // The text of the error quotes the body.
    throw new ShapeError("the payload is not JSON");
  }
}

function decode(body: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    throw new ShapeError("the payload is not UTF-8");
  }
}

interface Received {
  readonly delivery: Delivery;
  readonly settings: Settings;
}

function parseEvent(event: string, payload: Fields, received: Received): Parsed {
  switch (event) {
    case "ping":
      return { kind: "ignored", reason: "ignored-ping" };
    case "workflow_job":
      return parseJob(payload, received);
    case "workflow_run":
      return parseRun(payload, received);
    default:
      return { kind: "ignored", reason: "unknown-event" };
  }
}

function parseJob(payload: Fields, { delivery, settings }: Received): Parsed {
  const action = textOf(payload["action"], "action");
  if (!isTold(action)) return { kind: "ignored", reason: "ignored-action" };
  const repository = repositoryName(payload);
  const scope = scopeOf(repository, settings.scopes);
  if (scope === undefined) return { kind: "ignored", reason: "ignored-scope" };
  const document = readJobDocument(payload["workflow_job"], "workflow_job");
  const { receivedAt } = delivery;
  // `workflow_job` does not say whether the code comes from a fork: its run does.
  const facts = jobFacts(settings, document, { scope, repository, fork: null, receivedAt });
  const telling = { facts, receivedAt, delivery: deliveryId(delivery), skewMs: null };
  return { kind: "events", events: [jobEvent(toldWith(action, document), document, telling)] };
}

function parseRun(payload: Fields, { settings }: Received): Parsed {
  if (textOf(payload["action"], "action") !== "completed") return { kind: "ignored", reason: "ignored-action" };
  const repository = repositoryName(payload);
  if (scopeOf(repository, settings.scopes) === undefined) return { kind: "ignored", reason: "ignored-scope" };
  const run = idText(fields(payload["workflow_run"], "workflow_run")["id"], "workflow_run.id");
  return { kind: "run-over", run: { source: settings.name, host: hostOf(settings.url), repository, run } };
}

function repositoryName(payload: Fields): string {
  const name = textOf(fields(payload["repository"], "repository")["full_name"], "repository.full_name");
  // "." and ".." are no names, but steps in a path.
  if (!/^(?!\.{1,2}\/)[\w.-]{1,100}\/(?!\.{1,2}$)[\w.-]{1,200}$/.test(name))
    throw new ShapeError("repository.full_name is not owner/repo");
  return name;
}

/** The forge's own: a redelivery carries it again. */
function deliveryId({ id, headers }: Delivery): string {
  const given = headers["x-github-delivery"] ?? "";
  return /^[\w.:-]{1,128}$/.test(given) ? given : id;
}
