/**
 * Until when nobody may ask, by whom it concerns: a credential, or the server as a whole. What one process was told holds
 * for all that share it: it is left for them when a pause begins, and looked for now and then.
 */
import type { Instant } from "../../core/model";
import type { Clock } from "../../core/ports";
import type { Fields } from "./shape";
import type { Left, Shelf } from "./shelf";

export interface Pauses {
  /** Looks for what others were told, unless that was done a moment ago. Never throws. */
  heard(): Promise<void>;
  /** As far as was heard; in the past: nothing holds us. */
  until(whom: string): Instant;
  /** Never throws. */
  begin(whom: string, until: Instant): Promise<void>;
}

/** Whoever asks meanwhile learns it from the server. */
export const hearEveryMs = 15_000;
/** Nobody is told to wait longer; what says so was written by a clock that was wrong. */
const longestMs = 3_700_000;
/** Others write at the same moment, for the same reason: their word is as good as ours. */
const mostTries = 3;

type Known = ReadonlyMap<string, Instant>;

/** `shelf: null`: by oneself. */
export function openPauses({ clock, shelf, name }: { clock: Clock; shelf: Shelf | null; name: string }): Pauses {
  let known: Known = new Map();
  let heardAt = -Infinity;
  let hearing: Promise<void> | undefined;

  async function hear(from: Shelf): Promise<void> {
    const left = await from.read(name);
    heardAt = clock.now();
    known = merged(known, readPauses(left), heardAt);
  }
  async function leave(to: Shelf): Promise<void> {
    let left = await to.read(name);
    for (let tries = 0; tries < mostTries; tries += 1) {
      const there = readPauses(left);
      known = merged(known, there, clock.now());
      if ([...known].every(([whom, until]) => (there.get(whom) ?? 0) >= until)) return;
      const expiresAt = Math.max(...known.values());
      const outcome = await to.leave(name, { content: Object.fromEntries(known), expiresAt }, left);
      if (outcome.left || outcome.instead === undefined) return;
      left = outcome.instead;
    }
  }

  return {
    async heard() {
      if (shelf === null) return;
      const age = clock.now() - heardAt;
      if (age >= 0 && age < hearEveryMs) return;
      hearing ??= hear(shelf).finally(() => (hearing = undefined));
      await hearing;
    },
    until: (whom) => known.get(whom) ?? 0,
    async begin(whom, until) {
      if (until <= (known.get(whom) ?? 0)) return;
      known = merged(known, new Map([[whom, until]]), clock.now());
      if (shelf !== null) await leave(shelf);
    },
  };
}

/** The later of both; what is over is forgotten. */
function merged(ours: Known, theirs: Known, now: Instant): Known {
  const all = [...ours, ...theirs].filter(([, until]) => until > now && until <= now + longestMs);
  const latest = new Map<string, Instant>();
  for (const [whom, until] of all) latest.set(whom, Math.max(until, latest.get(whom) ?? 0));
  return latest;
}

function readPauses(left: Left | undefined): Known {
  const content: Fields = left?.content ?? {};
  const pauses = Object.entries(content).filter((entry): entry is [string, Instant] => typeof entry[1] === "number");
  return new Map(pauses);
}
