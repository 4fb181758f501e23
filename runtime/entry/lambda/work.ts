/** The other side of the queue: each message of a batch to its flow. */
import { longestLaunchMs } from "../../compute/ec2";
import type { FleetFacts } from "../../core/fleet-facts";
import type { Message, Ports } from "../../core/ports";
import { work } from "../../flow/work";
import type { SqsQueue } from "../../queue/sqs-queue";
import type { BatchAnswer, SqsEvent } from "../../queue/sqs-records";
import { workBatch } from "./batch";
import { boundedPorts } from "./bounded-ports";
import { fleetComputes } from "./fleet-computes";
import { openFleetPorts } from "./fleet-ports";
import { hosting, type Handler, type LambdaContext } from "./hosting";
import { once } from "./once";
import { PlansToMake } from "./plans-to-make";
import { leftOf, limitMs } from "./time-limit";

/** What was begun last gets this long to end: a launch, and writing down what became of it. */
const graceMs = longestLaunchMs + 5_000;
/** To hide what is unfinished, and to answer. */
const answerMs = 3_000;
const usualMs = 60_000;

export function createWork(facts: FleetFacts): Handler<SqsEvent, BatchAnswer> {
  const host = hosting("work", facts);
  const open = once(() => openFleetPorts(facts, host, { computes: fleetComputes }));
  // The first batch need not wait for it then.
  open().catch(() => undefined);
  return host.handler(async (event, context) => {
    const { ports, loadSettings } = await open();
    await loadSettings();
    return workInTime(event, ports, context);
  });
}

/** The queue is asked beyond the limit, too: what is unfinished then has to be shown again. */
async function workInTime(
  event: SqsEvent,
  ports: Ports & { readonly queue: SqsQueue },
  context: LambdaContext,
): Promise<BatchAnswer> {
  const { clock, queue, log } = ports;
  const until = clock.now() + limitMs(context, { graceMs, usualMs });
  const cut = new AbortController();
  const isOver = (): boolean => cut.signal.aborted || clock.now() >= until;
  const plans = new PlansToMake(queue);
  const deferring = { ...queue, send: (messages: readonly Message[]) => plans.send(messages) };
  const bounded = boundedPorts({ ...ports, queue: deferring }, { isOver, isCut: () => cut.signal.aborted });
  const timer = setTimeout(() => cut.abort(), Math.max(0, leftOf(context, usualMs + graceMs) - answerMs));
  try {
    const time = { isOver, cut: cut.signal };
    return await workBatch(event, { work: (message) => work(message, bounded), queue, plans, log, clock, time });
  } finally {
    clearTimeout(timer);
  }
}
