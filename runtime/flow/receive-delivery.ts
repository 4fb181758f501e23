/** Webhook: the source verifies the raw bytes and parses; what is kept is stored before anybody answers 2xx. */
import { OnejobError } from "../core/errors";
import type { JobKey } from "../core/model";
import type { Delivery, Ports } from "../core/ports";

export type Received =
  | { readonly accepted: true; readonly jobs: readonly JobKey[] }
  | { readonly accepted: false; readonly reason: "unknown-event" };

/** Throws `not-found` for a source that is not configured, and what the source's `receive` throws. */
export async function receiveDelivery(name: string, delivery: Delivery, ports: Ports): Promise<Received> {
  const source = ports.source(name);
  if (source === undefined || source.assigns) throw new OnejobError("not-found", `no source "${name}" takes webhooks`);
  const events = await source.receive(delivery);
  if (events.length === 0) {
    ports.meter.count("onejob_webhooks_total", { source: name, outcome: "ignored" });
    return { accepted: false, reason: "unknown-event" };
  }
  await ports.queue.send(events.map((event) => ({ kind: "job-event", event })));
  ports.meter.count("onejob_webhooks_total", { source: name, outcome: "accepted" });
  ports.log.info("delivery received", { source: name, delivery: delivery.id, events: events.length });
  return { accepted: true, jobs: events.map((event) => event.facts.key) };
}
