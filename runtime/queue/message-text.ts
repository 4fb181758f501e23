/** Messages as text on a queue that others can reach, and back: what is not one of ours is told apart, never guessed. */
import type { Message } from "../core/ports";

/** Two code points that SQS refuses, though JSON may hold them as they are. */
const refused = /[\ufffe\uffff]/g;

export function messageText(message: Message): string {
  return JSON.stringify(message).replace(refused, (char) => `\\u${char.charCodeAt(0).toString(16)}`);
}

type Fields = Readonly<Record<string, unknown>>;
const isText = (value: unknown): boolean => typeof value === "string" && value !== "";
const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isTextOrNull = (value: unknown): boolean => value === null || isText(value);
const isPlace = ({ job, profile }: Fields): boolean => isText(job) && isTextOrNull(profile);

/** As much as a flow relies on before it looks into the ledger; what is inside an event was checked before it was sent. */
const isWhole: Readonly<Record<Message["kind"], (fields: Fields) => boolean>> = {
  "job-event": ({ event }) => isFields(event) && isText(event["kind"]) && hasKey(event["facts"]),
  "run-over": ({ run }) => isFields(run) && ["source", "host", "repository", "run"].every((key) => isText(run[key])),
  rerun: isPlace,
  place: isPlace,
  discover: ({ source }) => isText(source),
  plan: ({ profile }) => isText(profile),
  retire: ({ profile, runner, reason }) => isText(profile) && isText(runner) && isTextOrNull(reason),
  check: ({ profile, runner, machine = null }) => isText(profile) && isText(runner) && isTextOrNull(machine),
  warned: ({ profile, runner, of, machine = null }) =>
    isText(profile) && isText(runner) && isText(of) && isTextOrNull(machine),
};

function hasKey(facts: unknown): boolean {
  return isFields(facts) && isText(facts["key"]) && isText(facts["source"]) && Array.isArray(facts["labels"]);
}

/** `undefined`: no message of ours. */
export function parseMessage(text: string): Message | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isFields(value)) return undefined;
  const kind = String(value["kind"]);
  if (!Object.hasOwn(isWhole, kind) || !isWhole[kind as Message["kind"]](value)) return undefined;
  const message: unknown = value;
  // The table has just said that it is one.
  return message as Message;
}
