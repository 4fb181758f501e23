/** The door of the source: apart from the rest, because a webhook function has no use for it and starts faster without. */
import type { Parsed } from "../../core/events";
import type { Delivery } from "../../core/ports";
import type { GithubSourceSettings } from "../../core/settings";
import { parseDelivery } from "./payload";
import type { VerifyOptions } from "./verify";
import { verifyDelivery } from "./verify";

export interface ReceiverOptions extends VerifyOptions {
  readonly settings: GithubSourceSettings;
}

/** Verifies, then parses; no effects, no network. Throws `bad-signature`, `bad-request`, `bad-media-type`. */
export function githubReceiver(options: ReceiverOptions): (delivery: Delivery) => Promise<Parsed> {
  return async (delivery) => {
    await verifyDelivery(delivery, options);
    return parseDelivery(delivery, options.settings);
  };
}
