/** A batch of the queue: each message by itself, each with its own verdict, so that one that fails harms no other. */
import { OnejobError } from "../../core/errors";
import { subjectOf } from "../../core/log-ids";
import type { Clock, Log, Message } from "../../core/ports";
import { sameAs } from "../../flow/work";
import type { SqsQueue } from "../../queue/sqs-queue";
import { readRecord, type Arrived, type BatchAnswer, type SqsEvent } from "../../queue/sqs-records";
import type { PlansToMake } from "./plans-to-make";

export interface Worker {
  /** Throws when the message has to come again. */
  readonly work: (message: Message) => Promise<void>;
  readonly queue: Pick<SqsQueue, "retry" | "sendLater">;
  /** What the messages asked for beside. */
  readonly plans: Pick<PlansToMake, "make">;
  readonly log: Pick<Log, "warn">;
  readonly clock: Clock;
  readonly time: BatchTime;
}

export interface BatchTime {
  /** Nothing is begun any more. */
  isOver(): boolean;
  /** Aborted when the answer has to be given, so that what is done already is not done again. */
  readonly cut: AbortSignal;
}

/**
 * Ten receives (`maxReceives` of the queue) take more than half an hour: 4 s, 8 s, … 512 s, 15 min. No source that does
 * not answer for a while, and no lease of a planner that died, makes a dead letter.
 */
const firstRetryMs = 4_000;
const longestRetryMs = 15 * 60_000;
/** Who was faster is mostly done in a moment. Only once: a planner that died holds its lease for minutes. */
const conflictRetryMs = 1_000;
/** Another invocation takes it up at once. */
const timeOverRetryMs = 1_000;
/** What a source asks for, within reason: its limits are by the hour. */
const longestThrottleMs = 60 * 60_000;
/** Until the rest of a workflow run has ended, which may take hours: no failure that counts. */
const rerunAgainMs = 60_000;

/** Answers which records have to come again. */
export async function workBatch({ Records = [] }: SqsEvent, worker: Worker): Promise<BatchAnswer> {
  const groups = groupsOf(Records.map(readRecord));
  const isNews = ([first]: readonly Arrived[]): boolean => first?.message?.kind === "job-event";
  // Jobs that wait for machines do not wait for what else is there, which may have to ask a source that is slow.
  const failed = await Promise.all([
    handleAndPlan(groups.filter(isNews), worker),
    handleAndPlan(
      groups.filter((group) => !isNews(group)),
      worker,
    ),
  ]);
  return { batchItemFailures: failed.flat(2).map(({ record }) => ({ itemIdentifier: record.messageId })) };
}

async function handleAndPlan(
  groups: readonly (readonly Arrived[])[],
  worker: Worker,
): Promise<readonly (readonly Arrived[])[]> {
  if (groups.length === 0) return [];
  const failed = await Promise.all(groups.map((group) => handle(group, worker)));
  await worker.plans.make({
    plan: (message) => beforeCut(worker.work(message), worker.time.cut),
    isOver: () => worker.time.isOver(),
    log: worker.log,
  });
  return failed;
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
    if (worker.time.isOver()) throw timeIsOver();
    await beforeCut(worker.work(message), worker.time.cut);
    return [];
  } catch (error) {
    if (await isPutOff(message, error, worker)) return [];
    const about = message === undefined ? {} : { kind: message.kind, ...subjectOf(message) };
    worker.log.warn("message failed and comes again", { messageId: record.messageId, ...about, attempt, error });
    await Promise.all(group.map((one) => hideBriefly(one, error, worker)));
    return group;
  }
}

function timeIsOver(): OnejobError {
  return new OnejobError("conflict", "the time of this function is over");
}

/** What goes on after it does no harm: every write has its condition, so whoever takes the message up again is safe. */
async function beforeCut(work: Promise<void>, cut: AbortSignal): Promise<void> {
  let leave: () => void = () => undefined;
  const cutOff = new Promise<never>((_resolve, reject) => {
    leave = () => reject(timeIsOver());
    if (cut.aborted) leave();
    else cut.addEventListener("abort", leave, { once: true });
  });
  try {
    await Promise.race([work, cutOff]);
  } finally {
    cut.removeEventListener("abort", leave);
  }
}

/** A message of its own for later: this one would end among the dead letters long before its time has come. */
async function isPutOff(message: Message | undefined, error: unknown, worker: Worker): Promise<boolean> {
  const { queue, log, time } = worker;
  if (message?.kind !== "rerun" || !isConflict(error) || time.isOver()) return false;
  try {
    await queue.sendLater([message], rerunAgainMs);
    return true;
  } catch (cause) {
    log.warn("a message could not be put off", { kind: message.kind, job: message.job, error: cause });
    return false;
  }
}

/** Without this it would stay hidden for as long as the queue hides what a function has in hand. */
async function hideBriefly({ record, attempt }: Arrived, error: unknown, worker: Worker): Promise<void> {
  const { queue, log } = worker;
  try {
    await queue.retry(record.receiptHandle, pauseMs(error, attempt, worker));
  } catch (cause) {
    log.warn("a failed message comes again later than it should", { messageId: record.messageId, error: cause });
  }
}

function pauseMs(error: unknown, attempt: number, { clock, time }: Worker): number {
  if (isConflict(error) && time.isOver()) return timeOverRetryMs;
  if (isConflict(error) && attempt === 1) return conflictRetryMs;
  const backoffMs = Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(attempt - 1, 20));
  return Math.max(backoffMs, Math.min(longestThrottleMs, retryAtOf(error) - clock.now()));
}

/** When a source that throttles may be asked again; in the past where it does not say. */
function retryAtOf(error: unknown): number {
  if (!(error instanceof OnejobError) || error.code !== "source-throttled") return 0;
  const { details } = error;
  const at: unknown = typeof details === "object" && details !== null && "retryAt" in details ? details.retryAt : 0;
  return typeof at === "number" && Number.isFinite(at) ? at : 0;
}

function isConflict(error: unknown): boolean {
  return error instanceof OnejobError && error.code === "conflict";
}
