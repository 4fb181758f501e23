/** Takes messages off the queue and hands each to its flow, several at once, one plan per profile at a time. */
import type { Ports, Received } from "../../core/ports";
import { sameAs, work } from "../../flow/work";
import { subjectOf } from "../../core/log-ids";

const atOnce = 16;
const waitMs = 1_000;
const longestRetryMs = 60_000;

export interface Worker {
  /** Takes nothing new; resolves when what was begun is done. */
  stop(): Promise<void>;
}

export function startWorker(ports: Ports): Worker {
  const running = new Set<Promise<void>>();
  const merge = merging((received) => handle(received, ports));
  let stopping = false;

  const begin = (received: Received): void => {
    const task = merge(received)
      .catch((error: unknown) => ports.log.error("queue does not answer", { error }))
      .finally(() => running.delete(task));
    running.add(task);
  };
  const loop = async (): Promise<void> => {
    while (!stopping) {
      for (const received of await take(ports)) begin(received);
      if (running.size >= atOnce) await Promise.race(running);
    }
  };
  const looping = loop();
  return {
    async stop() {
      stopping = true;
      await looping;
      await Promise.all(running);
    },
  };
}

async function take(ports: Ports): Promise<readonly Received[]> {
  try {
    return await ports.queue.receive(atOnce, waitMs);
  } catch (error) {
    ports.log.error("queue cannot be read", { error });
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    return [];
  }
}

/** Equal messages that arrive while one is handled are handled together, once, after it. */
function merging(handleAll: (received: readonly Received[]) => Promise<void>): (received: Received) => Promise<void> {
  const underWay = new Map<string, Received[]>();
  return async (received) => {
    const key = sameAs(received.message);
    if (key === undefined) return handleAll([received]);
    const waiting = underWay.get(key);
    if (waiting !== undefined) {
      waiting.push(received);
      return;
    }
    const mine = [received];
    underWay.set(key, mine);
    try {
      while (mine.length > 0) await handleAll(mine.splice(0));
    } finally {
      underWay.delete(key);
    }
  };
}

/** `received`: equal messages, at least one. */
async function handle(received: readonly Received[], ports: Ports): Promise<void> {
  const [first] = received;
  if (first === undefined) return;
  try {
    await work(first.message, ports);
    await Promise.all(received.map(({ id }) => ports.queue.done(id)));
  } catch (error) {
    const { message, attempt } = first;
    ports.log.warn("message failed and comes again", { kind: message.kind, ...subjectOf(message), attempt, error });
    await Promise.all(received.map((one) => ports.queue.retry(one.id, pauseMs(one.attempt))));
  }
}

function pauseMs(attempt: number): number {
  return Math.min(longestRetryMs, 200 * 2 ** Math.min(attempt, 10));
}
