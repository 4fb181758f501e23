/**
 * Half of the points of a minute belong to nobody: a process that has used up its own share takes some of them, by a note
 * that says when others did. So one that has much to do is nearly as fast as one alone, and all together stay within what
 * GitHub allows; who has little to do never looks here.
 */
import type { Instant } from "../../core/model";
import { list } from "./shape";
import type { Left, Shelf } from "./shelf";
import { points, windowMs } from "./budget-rules";

export interface PointsPool {
  /** `true`: `points.grant` more may be used within the minute. Never throws. */
  take(call: { readonly background: boolean }): Promise<boolean>;
}

const mostGrants = points.perMinute / 2 / points.grant;
/** Each try is lost to somebody who got a grant. */
const mostTries = 4;

export function openPointsPool(shelf: Shelf, name: string): PointsPool {
  let left: Left | undefined;
  return {
    async take({ background }) {
      const most = background ? Math.floor(mostGrants / 2) : mostGrants;
      for (let tries = 0; tries < mostTries; tries += 1) {
        const now = shelf.clock.now();
        if (left !== undefined && left.expiresAt <= now) left = undefined;
        const takenAt = readTaken(left).filter((at) => at > now - windowMs && at <= now + windowMs);
        // At least as many are gone as are known to be.
        if (takenAt.length >= most) return false;
        const wanted = { content: { takenAt: [...takenAt, now] }, expiresAt: now + windowMs };
        const outcome = await shelf.leave(name, wanted, left);
        if (outcome.left) {
          left = { ...wanted, version: (left?.version ?? 0) + 1 };
          return true;
        }
        left = outcome.instead;
        if (left === undefined) return false;
      }
      return false;
    },
  };
}

function readTaken(left: Left | undefined): readonly Instant[] {
  const taken = left?.content["takenAt"];
  return Array.isArray(taken) ? list(taken, "takenAt").filter((at): at is Instant => typeof at === "number") : [];
}
