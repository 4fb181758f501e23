/** Webhook: the source verifies the raw bytes and parses; what is kept is stored before anybody answers 2xx. */
import { OnejobError } from "../core/errors";
import type { IgnoredReason, Parsed } from "../core/events";
import type { JobKey } from "../core/model";
import type { Delivery, JobSource, Message, Ports, Queue } from "../core/ports";

export type Received =
  | { readonly accepted: true; readonly jobs: readonly JobKey[] }
  | { readonly accepted: false; readonly reason: IgnoredReason | "duplicate" };

/** Ids of deliveries stored lately. It may forget; what comes twice then does no harm. */
export interface StoredDeliveries {
  has(source: string, id: string): boolean;
  add(source: string, id: string): void;
}

export interface Arrival {
  readonly source: string;
  readonly delivery: Delivery;
  readonly stored: StoredDeliveries;
}

/** As little as it needs: a function that takes webhooks has nothing else. */
export interface ReceivingPorts extends Pick<Ports, "meter" | "log"> {
  readonly source: (name: string) => Pick<JobSource, "assigns" | "receive"> | undefined;
  readonly queue: Pick<Queue, "send">;
}

/** Throws `not-found` for a source that is not configured, and what the source's `receive` throws. */
export async function receiveDelivery(
  { source: name, delivery, stored }: Arrival,
  ports: ReceivingPorts,
): Promise<Received> {
  const source = ports.source(name);
  if (source === undefined || source.assigns) throw new OnejobError("not-found", `no source "${name}" takes webhooks`);
  const parsed = await source.receive(delivery);
  const messages = messagesOf(parsed);
  if (parsed.kind === "ignored" || messages.length === 0)
    return ignore({ source: name, delivery }, reasonOf(parsed), ports);
  if (stored.has(name, delivery.id)) return ignore({ source: name, delivery }, "duplicate", ports);
  await ports.queue.send(messages);
  stored.add(name, delivery.id);
  ports.meter.count("onejob_webhooks_total", { source: name, outcome: "accepted" });
  const jobs = parsed.kind === "events" ? parsed.events.map((event) => event.facts.key) : [];
  const run = parsed.kind === "run-over" ? { run: parsed.run.run } : {};
  const about = jobs.length === 1 ? { job: jobs[0] } : { jobs, ...run };
  ports.log.info("delivery received", { source: name, delivery: delivery.id, kind: parsed.kind, ...about });
  return { accepted: true, jobs };
}

function messagesOf(parsed: Parsed): readonly Message[] {
  if (parsed.kind === "events") return parsed.events.map((event) => ({ kind: "job-event", event }));
  return parsed.kind === "run-over" ? [{ kind: "run-over", run: parsed.run }] : [];
}

function reasonOf(parsed: Parsed): IgnoredReason {
  return parsed.kind === "ignored" ? parsed.reason : "unknown-event";
}

function ignore(
  { source, delivery }: Pick<Arrival, "source" | "delivery">,
  reason: IgnoredReason | "duplicate",
  ports: Pick<Ports, "meter" | "log">,
): Received {
  const outcome = reason === "duplicate" ? reason : "ignored";
  ports.meter.count("onejob_webhooks_total", { source, outcome });
  ports.log.debug("delivery ignored", { source, delivery: delivery.id, reason });
  return { accepted: false, reason };
}
