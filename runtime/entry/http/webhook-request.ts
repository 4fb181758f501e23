/** What a forge's request must look like before its source reads it, wherever it comes in. */
import { OnejobError } from "../../core/errors";

export const webhookMediaType = /^application\/(?:[a-z0-9.!#$&^_-]+\+)?json(?:\s*;|$)/i;

export function notJson(): OnejobError {
  return new OnejobError(
    "bad-media-type",
    "a webhook is sent as application/json: choose that as its content type at the forge",
  );
}

export function noSuchSource(name: string): OnejobError {
  return new OnejobError("not-found", `no source "${name}" takes webhooks`);
}

export function webhookTooLarge(limit: number): OnejobError {
  return new OnejobError("body-too-large", `at most ${limit} bytes; server.maxWebhookBytes raises it`);
}

export function webhookNotStored(source: string, cause: unknown): OnejobError {
  return new OnejobError("not-stored", `the webhook of "${source}"`, { cause });
}

/** What the forge calls it, so that one id is found in its list of deliveries and in our log. */
export function deliveryId(headers: Readonly<Record<string, unknown>>): string | undefined {
  const names = ["x-github-delivery", "x-gitlab-event-uuid", "webhook-id"];
  const given = names.map((name) => headers[name]).find((value) => typeof value === "string");
  return typeof given === "string" && /^[A-Za-z0-9._:-]{1,128}$/.test(given) ? given : undefined;
}
