/** What AWS says of a signature, its credentials and its time, whichever service or door says it. One table for all. */
import { OnejobError, type ErrorCode } from "../../core/errors";

type Row = readonly [said: RegExp, code: ErrorCode, means?: string];

/** By the error's name and its words; the likeliest wording last. */
const rows: readonly Row[] = [
  [/signature (?:expired|not yet current)|RequestTimeTooSkewed|RequestInTheFuture/i, "aws-clock"],
  // EC2's word for both.
  [/RequestExpired/, "aws-credentials", "yours have expired, or the clock of this machine is wrong"],
  [/ExpiredToken|token.*expired/i, "aws-credentials", "yours have expired"],
  [/token.*invalid|UnrecognizedClient|InvalidClientTokenId|AuthFailure/i, "aws-credentials", "it does not know yours"],
  [
    /signature we calculated|SignatureDoesNotMatch/i,
    "aws-credentials",
    "your secret access key is not the one of your access key",
  ],
  [/scoped to/i, "aws-refused", "the request was signed for another region"],
  [/^(?:Invalid|Incomplete)Signature|^MissingAuthenticationToken/, "aws-credentials"],
];

export interface Said {
  /** @default "": a door has none */
  readonly name?: string;
  readonly words: string;
}

/** `undefined`: it is about something else. */
export function refusal({ name = "", words }: Said, cause?: unknown): OnejobError | undefined {
  const found = rows.find(([said]) => said.test(name) || said.test(words));
  if (found === undefined) return undefined;
  const [, code, means] = found;
  return new OnejobError(code, means === undefined ? `AWS says: ${words}` : `${means} (AWS says: ${words})`, { cause });
}
