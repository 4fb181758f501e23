/**
 * Has lost webhooks sent again: GitHub keeps a list of what it tried, and tries nothing twice by itself.
 * https://docs.github.com/webhooks/using-webhooks/handling-failed-webhook-deliveries
 */
import { errorText } from "../../core/error-facts";
import { OnejobError } from "../../core/errors";
import type { Instant } from "../../core/model";
import type { Log } from "../../core/ports";
import type { AppClient } from "./app-client";
import { nextPath } from "./next-path";
import { fields, idText, list, optionalInstant, optionalText, ShapeError, textOf } from "./shape";

/** One attempt to deliver; those of the same delivery share its guid. */
export interface Attempt {
  readonly id: string;
  readonly guid: string;
  readonly at: Instant;
  readonly event: string;
  readonly arrived: boolean;
  /** Sent again, by us or by hand; the first attempt is not. */
  readonly again: boolean;
}

/** Older ones are found by asking for the jobs themselves. */
const lookBackMs = 3 * 3_600_000;
/** It may be on its way still. */
const settlesMs = 30_000;
const mostAttempts = 4;
/** In one pass, so that a long outage is made good for step by step. */
const mostAtOnce = 50;
const mostPages = 30;
const wanted: readonly string[] = ["workflow_job", "workflow_run"];

/** Pure: the ids to send again, oldest first. `now` is the server's. */
export function lostDeliveries(attempts: readonly Attempt[], now: Instant): readonly string[] {
  const groups = new Map<string, Attempt[]>();
  for (const attempt of attempts) groups.set(attempt.guid, [...(groups.get(attempt.guid) ?? []), attempt]);
  return (
    [...groups.values()]
      .filter((group) => isLost(group, now))
      .sort((a, b) => oldest(a) - oldest(b))
      // Without the first attempt in sight nobody knows how many there were: it would be sent again for ever.
      .flatMap((group) => group.find(({ again }) => !again)?.id ?? [])
      .slice(0, mostAtOnce)
  );
}

function isLost(group: readonly Attempt[], now: Instant): boolean {
  const isOurs = group.every(({ event }) => wanted.includes(event));
  const isSettled = group.every(({ at }) => now - at > settlesMs);
  return isOurs && isSettled && group.length < mostAttempts && !group.some(({ arrived }) => arrived);
}

function oldest(group: readonly Attempt[]): Instant {
  return Math.min(...group.map(({ at }) => at));
}

/** Answers how many were sent again. */
export async function redeliverLost(app: AppClient, log: Log): Promise<number> {
  const { attempts, serverNow } = await recentAttempts(app);
  let sent = 0;
  for (const id of lostDeliveries(attempts, serverNow)) {
    const route = "POST /app/hook/deliveries/{delivery_id}/attempts";
    const { status } = await app.call({ route, parameters: { delivery_id: id }, background: true });
    if (status < 300) sent += 1;
    else log.warn("a lost delivery cannot be sent again", { attempt: id, status });
  }
  return sent;
}

interface Recent {
  readonly attempts: readonly Attempt[];
  readonly serverNow: Instant;
}

/** Newest first, until they are older than we look back. */
async function recentAttempts(app: AppClient): Promise<Recent> {
  const attempts: Attempt[] = [];
  let cursor: string | null = null;
  let serverNow = app.now();
  for (let page = 1; page <= mostPages; page += 1) {
    const parameters: Record<string, unknown> = { per_page: 100, ...(cursor === null ? {} : { cursor }) };
    const { status, data, headers, skewMs } = await app.call({
      route: "GET /app/hook/deliveries",
      parameters,
      background: true,
    });
    // A server without this list: lost jobs are found by asking for them.
    if (status === 404 && page === 1) break;
    if (status !== 200) throw new OnejobError("source-refused", `the app's deliveries cannot be listed (${status})`);
    serverNow = app.now() + (skewMs ?? 0);
    const read = readAttempts(data);
    const since = serverNow - lookBackMs;
    attempts.push(...read.filter(({ at }) => at >= since));
    cursor = cursorIn(headers["link"] ?? null);
    if (cursor === null || read.some(({ at }) => at < since)) break;
  }
  return { attempts, serverNow };
}

function cursorIn(link: string | null): string | null {
  const next = nextPath("/", link);
  return next === null ? null : new URL(next, "http://server").searchParams.get("cursor");
}

function readAttempts(data: unknown): readonly Attempt[] {
  try {
    return list(data, "the list of deliveries").map(readAttempt);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new OnejobError("source-unreachable", `unexpected answer: ${errorText(error)}`);
  }
}

function readAttempt(item: unknown): Attempt {
  const attempt = fields(item, "a delivery");
  const { id, status_code: code } = attempt;
  return {
    // Beyond 2^53, so Octokit reads it as a BigInt.
    id: idText(typeof id === "bigint" ? id.toString() : id, "a delivery's id"),
    guid: textOf(attempt["guid"], "a delivery's guid"),
    at: optionalInstant(attempt["delivered_at"]) ?? 0,
    event: optionalText(attempt["event"]) ?? "",
    arrived: typeof code === "number" ? code >= 200 && code < 300 : attempt["status"] === "OK",
    again: attempt["redelivery"] === true,
  };
}
