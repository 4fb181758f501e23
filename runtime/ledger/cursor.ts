/** The cursor of job lists: where the last page ended. Opaque to callers, so one that makes no sense is their error. */
import { OnejobError } from "../core/errors";
import type { Job } from "../core/model";
import { recentAt } from "./keys";

export function encodeCursor(last: Job): string {
  return Buffer.from(recentAt(last)).toString("base64url");
}

/** The `recentAt` of the last job on the page before. */
export function decodeCursor(cursor: string): string {
  const place = Buffer.from(cursor, "base64url").toString();
  // 1024: the longest range key the store takes.
  const known = /^\d{15}#./s.test(place) && place.length <= 1024;
  if (!known || Buffer.from(place).toString("base64url") !== cursor) {
    throw new OnejobError("bad-request", "cursor is not one that a list answered; leave it out to begin anew");
  }
  return place;
}
