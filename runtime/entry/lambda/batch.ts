/** A batch of the queue: each message by itself, each with its own verdict, so that one that fails harms no other. */
import { OnejobError } from "../../core/errors";
import type { Log, Message } from "../../core/ports";
import { sameAs } from "../../flow/work";
import { subjectOf } from "../../queue/message-subject";
import type { SqsQueue } from "../../queue/sqs-queue";
import { readRecord, type Arrived, type BatchAnswer, type SqsEvent } from "../../queue/sqs-records";

export interface Worker {
  /** Throws when the message has to come again. */
  readonly work: (message: Message) => Promise<void>;
  readonly queue: Pick<SqsQueue, "retry" | "sendLater">;
  readonly log: Pick<Log, "warn">;
}

const longestRetryMs = 5 * 60_000;
const conflictRetryMs = 1_000;
/** Until the rest of a workflow run has ended, which may take hours: no failure that counts. */
const rerunAgainMs = 60_000;

/** Answers which records have to come again. */
export async function workBatch({ Records = [] }: SqsEvent, worker: Worker): Promise<BatchAnswer> {
  const failed = await Promise.all(groupsOf(Records.map(readRecord)).map((group) => handle(group, worker)));
  return { batchItemFailures: failed.flat().map(({ record }) => ({ itemIdentifier: record.messageId })) };
}

/** Messages that ask for the same were all there before the first is handled: one handling is for all of them. */
function groupsOf(arrived: readonly Arrived[]): readonly (readonly Arrived[])[] {
  const groups = new Map<string, Arrived[]>();
  for (const one of arrived) {
    const key = (one.message && sameAs(one.message)) ?? `record/${one.record.messageId}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()];
}

/** Answers those that have to come again. */
async function handle(group: readonly Arrived[], worker: Worker): Promise<readonly Arrived[]> {
  const [first] = group;
  if (first === undefined) return [];
  const { message, attempt, record } = first;
  try {
    if (message === undefined) throw new OnejobError("bad-request", "the message is none of ours");
    await worker.work(message);
    return [];
  } catch (error) {
    if (await isPutOff(message, error, worker)) return [];
    const about = message === undefined ? {} : { kind: message.kind, ...subjectOf(message) };
    worker.log.warn("message failed and comes again", { message: record.messageId, ...about, attempt, error });
    await Promise.all(group.map((one) => hideBriefly(one, error, worker)));
    return group;
  }
}

/** A message of its own for later: this one would end among the dead letters long before its time has come. */
async function isPutOff(message: Message | undefined, error: unknown, { queue, log }: Worker): Promise<boolean> {
  if (message?.kind !== "rerun" || !isConflict(error)) return false;
  try {
    await queue.sendLater([message], rerunAgainMs);
    return true;
  } catch (cause) {
    log.warn("a message could not be put off", { kind: message.kind, job: message.job, error: cause });
    return false;
  }
}

/** Without this it would stay hidden for as long as the queue hides what a function has in hand. */
async function hideBriefly({ record, attempt }: Arrived, error: unknown, { queue, log }: Worker): Promise<void> {
  const backoffMs = Math.min(longestRetryMs, 1_000 * 2 ** Math.min(attempt - 1, 20));
  try {
    await queue.retry(record.receiptHandle, isConflict(error) ? conflictRetryMs : backoffMs);
  } catch (cause) {
    log.warn("a failed message comes again later than it should", { message: record.messageId, error: cause });
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof OnejobError && error.code === "conflict";
}
