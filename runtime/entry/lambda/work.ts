/** The other side of the queue: each message of a batch to its flow. */
import type { FleetFacts } from "../../core/fleet-facts";
import { work } from "../../flow/work";
import type { BatchAnswer, SqsEvent } from "../../queue/sqs-records";
import { workBatch } from "./batch";
import { fleetComputes } from "./fleet-computes";
import { fleetFiles } from "./fleet-files";
import { openFleetPorts } from "./fleet-ports";
import { hosting, type Handler } from "./hosting";
import { once } from "./once";

export function createWork(facts: FleetFacts): Handler<SqsEvent, BatchAnswer> {
  const host = hosting("work", facts);
  const open = once(() => openFleetPorts(facts, host, { files: fleetFiles, computes: fleetComputes }));
  // The first batch need not wait for it then.
  open().catch(() => undefined);
  return host.handler(async (event) => {
    const { ports, loadSettings } = await open();
    await loadSettings();
    return workBatch(event, { work: (message) => work(message, ports), queue: ports.queue, log: ports.log });
  });
}
