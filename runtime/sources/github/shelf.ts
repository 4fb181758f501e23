/**
 * Where the processes that speak for one source leave each other word: notes in the ledger, each a JSON object. Nothing
 * depends on them: without an answer of the ledger each process goes by what it knows itself.
 */
import type { Instant } from "../../core/model";
import type { Clock, Ledger, Log, Note, Random } from "../../core/ports";
import { sourceSecrets } from "../../core/secret-names";
import type { GithubSourceSettings } from "../../core/settings";
import { parseJson } from "./lossless-json";
import type { Fields } from "./shape";
import { isFields } from "./shape";

/** What processes share that speak for the same source. */
export interface Sharing {
  readonly notes: Pick<Ledger, "readNote" | "saveNote">;
  /** Whether tokens are shared, too: not where the ledger keeps secrets from this process. */
  readonly tokens: boolean;
  /** As many may speak at once; they divide what GitHub allows. */
  readonly processes: number;
}

export interface Left {
  readonly content: Fields;
  readonly version: number;
  readonly expiresAt: Instant;
}

export interface Shelf {
  readonly clock: Clock;
  readonly random: Random;
  /** `undefined`: nothing is there, or it cannot be read. */
  read(name: string): Promise<Left | undefined>;
  /** Over what was read; `left: false`: it was not, because of what is there instead, if that is known. */
  leave(
    name: string,
    wanted: Pick<Left, "content" | "expiresAt">,
    over: Left | undefined,
  ): Promise<{ readonly left: boolean; readonly instead?: Left | undefined }>;
}

export interface ShelfOptions {
  readonly notes: Sharing["notes"];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export function openShelf({ notes, clock, random, log }: ShelfOptions): Shelf {
  return {
    clock,
    random,
    async read(name) {
      try {
        return leftIn(await notes.readNote(name));
      } catch (error) {
        log.warn("what a source shares could not be read", { note: name, error });
        return undefined;
      }
    },
    async leave(name, { content, expiresAt }, over) {
      const note = { name, value: JSON.stringify(content), version: (over?.version ?? 0) + 1, expiresAt };
      try {
        const written = await notes.saveNote(note);
        return written.written ? { left: true } : { left: false, instead: leftIn(written.current) };
      } catch (error) {
        log.warn("what a source shares could not be stored", { note: name, error });
        return { left: false };
      }
    },
  };
}

/** What another version of us left there is nothing to us, but it can be replaced. */
function leftIn(note: Note | undefined): Left | undefined {
  if (note === undefined) return undefined;
  const { value, version, expiresAt } = note;
  return { content: contentOf(value), version, expiresAt };
}

function contentOf(value: string): Fields {
  try {
    const content = parseJson(value);
    return isFields(content) ? content : {};
  } catch {
    return {};
  }
}

/** Of one server and one credential: after a change of either, what was said of the other must not be believed. */
export function noteNames({ name, url, auth }: GithubSourceSettings) {
  const who = auth.kind === "app" ? `app-${auth.appId}` : "token";
  const place = `${name}/${new URL(url).host}/${who}`;
  return {
    pauses: `source/${place}/pauses`,
    points: (credential: string) => `source/${place}/points/${credential}`,
    installation: (scope: string) => `source/${place}/installed/${scope}`,
    token: (installation: string) => `${sourceSecrets}${place}/token/${installation}`,
  };
}
