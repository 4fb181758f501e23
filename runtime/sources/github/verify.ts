/** Proves that a webhook comes from who knows the secret: over its raw bytes, in constant time, before any parsing. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { OnejobError } from "../../core/errors";
import type { Delivery } from "../../core/ports";
import type { GithubSourceSettings, SecretPlace } from "../../core/settings";

const header = "x-hub-signature-256";
const wellFormed = /^sha256=([0-9a-f]{64})$/i;

export interface VerifyOptions {
  readonly settings: Pick<GithubSourceSettings, "name" | "webhookSecrets">;
  readonly secret: (place: SecretPlace) => Promise<string>;
}

/** Throws `bad-signature`; also whatever reading a secret throws, when no other secret fits. */
export async function verifyDelivery(delivery: Delivery, { settings, secret }: VerifyOptions): Promise<void> {
  const { name, webhookSecrets } = settings;
  const claimed = wellFormed.exec(delivery.headers[header] ?? "")?.[1];
  if (claimed === undefined) throw new OnejobError("bad-signature", `${name}: ${header} is missing or not of its form`);
  let unread: unknown;
  for (const place of webhookSecrets) {
    try {
      if (fits(await secret(place), delivery.body, claimed)) return;
    } catch (error) {
      unread ??= error;
    }
  }
  // Where secrets are kept is no business of who sends without one: the cause is for the log.
  if (unread !== undefined) throw new Error(`a webhook secret of ${name} cannot be read`, { cause: unread });
  const none = webhookSecrets.length === 0 ? `${name} has no webhookSecrets` : `${name}: none of webhookSecrets fits`;
  throw new OnejobError("bad-signature", none);
}

function fits(secret: string, body: Uint8Array, claimed: string): boolean {
  // Anybody can sign with an empty secret.
  if (secret === "") return false;
  return timingSafeEqual(createHmac("sha256", secret).update(body).digest(), Buffer.from(claimed, "hex"));
}
