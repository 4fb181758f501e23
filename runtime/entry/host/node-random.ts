import { randomBytes, randomInt } from "node:crypto";
import type { Clock, Random } from "../../core/ports";

export const systemClock: Clock = { now: () => Date.now() };
/** Grows evenly, also when somebody sets the clock; says nothing of the day. */
export const steadyClock: Clock = { now: () => performance.now() };

const idLetters = "abcdefghijklmnopqrstuvwxyz0123456789";
/** Crockford's base 32: no I, L, O, U, which are mistaken for others. */
const ulidLetters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/** `randomInt` takes ranges below this only. */
const mostInt = 2 ** 48 - 1;

export const nodeRandom: Random = {
  id: (length) => Array.from({ length }, () => idLetters.charAt(randomInt(idLetters.length))).join(""),
  ulid: (now) => ulidTime(now) + [...randomBytes(16)].map((byte) => ulidLetters.charAt(byte % 32)).join(""),
  fraction: () => randomInt(mostInt) / mostInt,
};

/** 48 bits of time in ten letters, the highest first, so that ids sort by time. */
function ulidTime(now: number): string {
  let rest = now;
  let text = "";
  for (let place = 0; place < 10; place++) {
    text = ulidLetters.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}
