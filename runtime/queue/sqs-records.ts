/** Records as Lambda's event source mapping hands them over, and the answer that says which of them failed. */
import type { Message } from "../core/ports";
import { parseMessage } from "./message-text";

export interface SqsEvent {
  readonly Records?: readonly SqsRecord[];
}

export interface SqsRecord {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly attributes?: { readonly ApproximateReceiveCount?: string };
}

export interface BatchAnswer {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

export interface Arrived {
  readonly record: SqsRecord;
  /** `undefined`: none of ours. */
  readonly message: Message | undefined;
  /** 1 the first time. */
  readonly attempt: number;
}

export function readRecord(record: SqsRecord): Arrived {
  const attempt = Number(record.attributes?.ApproximateReceiveCount ?? 1);
  return {
    record,
    message: parseMessage(record.body),
    attempt: Number.isSafeInteger(attempt) ? Math.max(1, attempt) : 1,
  };
}
