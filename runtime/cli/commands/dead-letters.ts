import type { Command } from "commander";
import { OnejobError } from "../../core/errors";
import { parseMessage } from "../../queue/message-text";
import { subjectOf } from "../../core/log-ids";
import type { Context } from "../context";
import { exit } from "../exit";
import type { DeadLetter, DeadLetters } from "../fleet/dead-letters";
import { openFleet } from "../fleet/fleet";
import { lazy } from "../lazy";
import { table } from "../render";
import type { Act } from "./command";
import { examples, usage } from "./command";

/** More are neither listed nor looked through for an id. */
const mostAtOnce = 1_000;
/** Longer than it takes to list them. */
const listHideMs = 60_000;
/** Longer than it takes to find some among a thousand, and to send them. */
const replayHideMs = 600_000;
const shortestId = 6;

export function deadLetters(program: Command, act: Act): void {
  const group = program
    .command("dead-letters")
    .summary("list or replay messages that a fleet on AWS gave up")
    .description(
      "A message that failed ten times is put aside and kept for 14 days. The sweep\n" +
        "repairs most of what such messages were about. Mend the cause, then replay.\n" +
        "Uses your own AWS credentials.",
    );
  group
    .command("list", { isDefault: true })
    .summary("list them: what each is about, and how often it was tried (this is the default)")
    .description(
      "Lists them without taking them out. What they carry is shown with\n--output json only: it may name people.",
    )
    .addHelpText("after", examples("onejob dead-letters --fleet ci-dev", "onejob dead-letters list --output json"))
    .action(act(list));
  group
    .command("replay")
    .summary("put them back on the fleet's queue")
    .description(
      "Sends each to the fleet's queue first and takes it out then: interrupted, one\n" +
        "may come twice, which does no harm. --all leaves out what is no message of ours;\n" +
        "name it by its id to send it all the same.",
    )
    .argument("[ids...]", "their ids, or the first 6 characters or more")
    .option("--all", "all of ours")
    .addHelpText(
      "after",
      examples("onejob dead-letters replay --all --fleet ci-dev", "onejob dead-letters replay 5fea7756"),
    )
    .action(act(replay));
}

interface Opened {
  readonly fleet: string;
  readonly letters: DeadLetters;
}

async function open(context: Context): Promise<Opened> {
  const fleet = await openFleet(context, "a server on one machine puts no messages aside; ");
  const queues = { queueUrl: fleet.fact("queueUrl"), deadLetterQueueUrl: fleet.fact("deadLetterQueueUrl") };
  return { fleet: fleet.name, letters: lazy.deadLetters().openDeadLetters(queues, context.io.env) };
}

async function list(context: Context): Promise<number> {
  const { fleet, letters } = await open(context);
  const taken = await letters.take(mostAtOnce, listHideMs);
  await letters.giveBack(taken);
  const isMore = taken.length >= mostAtOnce && (await letters.count()) > taken.length;
  const rows = taken.map(row).sort((a, b) => (a.sentAt ?? "").localeCompare(b.sentAt ?? ""));
  if (context.options.quiet && context.options.output === "table") {
    context.print(rows.map(({ id }) => `${id}\n`).join(""));
    return exit.ok;
  }
  context.emit({ fleet, items: rows, more: isMore }, () => lettersTable(context, rows));
  if (isMore) context.say(`onejob: there are more; these are ${taken.length} of them`);
  return exit.ok;
}

interface Row {
  readonly id: string;
  readonly sentAt: string | null;
  readonly receives: number;
  /** `null`: no message of ours. */
  readonly kind: string | null;
  readonly about: Readonly<Record<string, string>>;
  readonly body: string;
}

function row({ id, sentAt, receives, body }: DeadLetter): Row {
  const message = parseMessage(body);
  const about = message === undefined ? {} : subjectOf(message);
  return { id, sentAt, receives, kind: message?.kind ?? null, about, body };
}

function lettersTable(context: Context, rows: readonly Row[]): string {
  return table(
    [
      { title: "id", cell: ({ id }) => id },
      { title: "sent", cell: ({ sentAt }) => context.when(sentAt) },
      { title: "receives", cell: ({ receives }) => receives },
      { title: "kind", cell: ({ kind }) => kind ?? "none of ours" },
      { title: "about", cell: ({ about }) => subjectText(about) },
    ],
    rows,
    context.colors,
  );
}

function subjectText(about: Row["about"]): string | null {
  const parts = Object.entries(about).map(([name, value]) => `${name} ${value}`);
  return parts.length === 0 ? null : parts.join(", ");
}

async function replay(context: Context, ids: readonly string[], { all }: { all?: boolean }): Promise<number> {
  if ((all ?? false) === ids.length > 0) throw usage("name the messages to replay, or give --all");
  const short = ids.find((id) => id.length < shortestId);
  if (short !== undefined) throw usage(`"${short}" is too short: give ${shortestId} characters of the id, or more`);
  const { fleet, letters } = await open(context);
  const taken = await letters.take(mostAtOnce, replayHideMs);
  const kept = new Set(taken);
  const replayed: string[] = [];
  try {
    for (const letter of all ? taken.filter(isOurs) : named(ids, taken)) {
      await letters.replay(letter);
      kept.delete(letter);
      replayed.push(letter.id);
    }
  } catch (error) {
    context.say(`onejob: ${replayed.length} of them went back to the queue before this:`);
    throw error;
  } finally {
    await letters.giveBack([...kept]);
  }
  return told(context, { fleet, replayed, kept: [...kept], all: all ?? false, isFull: taken.length >= mostAtOnce });
}

function isOurs({ body }: DeadLetter): boolean {
  return parseMessage(body) !== undefined;
}

/** All of them, or none is sent. */
function named(ids: readonly string[], taken: readonly DeadLetter[]): readonly DeadLetter[] {
  const found = ids.map((wanted) => {
    const near = taken.filter(({ id }) => id.startsWith(wanted));
    if (near.length > 1) throw usage(`${near.length} messages begin with ${wanted}; give more of the id`);
    const [only] = near;
    if (only !== undefined) return only;
    throw new OnejobError("not-found", `dead letter ${wanted}; somebody else may hold it for ten minutes`);
  });
  return [...new Set(found)];
}

interface Told {
  readonly fleet: string;
  readonly replayed: readonly string[];
  readonly kept: readonly DeadLetter[];
  readonly all: boolean;
  readonly isFull: boolean;
}

function told(context: Context, { fleet, replayed, kept, all, isFull }: Told): number {
  const count = `${replayed.length} message${replayed.length === 1 ? "" : "s"}`;
  context.emit({ fleet, replayed, left: kept.map(({ id }) => id) }, () => `${count} back on the queue of ${fleet}\n`);
  if (!all) return exit.ok;
  for (const { id } of kept) context.say(`onejob: ${id} is no message of ours; name it to send it all the same`);
  if (isFull) context.say("onejob: there may be more; run it again");
  return exit.ok;
}
