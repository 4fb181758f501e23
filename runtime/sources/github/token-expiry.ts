/** When a token ends: GitHub says so with every answer, where it does. */
import type { Instant } from "../../core/model";
import { bad, good } from "./findings";
import type { GithubFinding } from "./options";

const soonMs = 7 * 24 * 3_600_000;

export function checkExpiry(headers: Headers, now: Instant): readonly GithubFinding[] {
  const id = "github-token-expiry";
  const endsAt = readExpiry(headers.get("github-authentication-token-expiration"));
  if (endsAt === null) return [];
  const day = new Date(endsAt).toISOString().slice(0, 10);
  if (endsAt - now > soonMs) return [good(id, `the token holds until ${day}`)];
  return [bad(id, `the token ends on ${day}`, "make a new one now, and put it where this one is kept")];
}

/** `2026-08-25 12:00:00 UTC`, or with an offset like `+0200`. */
export function readExpiry(value: string | null): Instant | null {
  const parts = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) (?:UTC|([+-]\d\d)(\d\d))$/.exec(value ?? "");
  if (parts === null) return null;
  const [, day, time, hours, minutes] = parts;
  const at = Date.parse(`${day}T${time}${hours === undefined ? "Z" : `${hours}:${minutes}`}`);
  return Number.isFinite(at) ? at : null;
}
