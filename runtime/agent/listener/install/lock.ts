/**
 * A lock that many agents share, in containers of their own perhaps. Its owner shows that it lives by touching it; one
 * whose process is gone, or that stopped touching, has lost it. Two owners at once do no harm to what it guards here:
 * they only do the same work twice.
 */
import { readlink, rename, rm, stat, utimes, writeFile, readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { errorCode, ignoreAbsent } from "../../../core/error-facts";
import type { Random } from "../../../core/ports";
import { rest } from "../../backoff";
import { isRecord } from "../../shapes";

export interface LockParts {
  readonly random: Pick<Random, "id">;
  readonly uptimeMs: () => number;
  readonly now: () => number;
  /** How long an owner may go without a sign of life. */
  readonly silenceMs: number;
  /** Waits no longer; rejects then. */
  readonly signal: AbortSignal;
}

const pauseMs = 100;

export async function withLock<T>(path: string, parts: LockParts, work: () => Promise<T>): Promise<T> {
  const own = JSON.stringify({ ...(await placeOfPids()), pid: process.pid, id: parts.random.id(16) });
  await take(path, own, parts);
  const touch = (): void => void utimes(path, parts.now() / 1000, parts.now() / 1000).catch(() => undefined);
  const beat = setInterval(touch, parts.silenceMs / 10);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    // It may have been taken from us while this machine slept.
    if ((await look(path))?.text === own) await rm(path, { force: true });
  }
}

interface Seen {
  readonly text: string;
  readonly touchedAt: number;
}

async function take(path: string, own: string, parts: LockParts): Promise<void> {
  let last: Seen | undefined;
  let since = parts.uptimeMs();
  while (!(await make(path, own))) {
    const seen = await look(path);
    if (seen?.text !== last?.text || seen?.touchedAt !== last?.touchedAt) since = parts.uptimeMs();
    last = seen;
    const isSilent = parts.uptimeMs() - since > parts.silenceMs;
    if (seen !== undefined && (isSilent || (await isDead(seen.text)))) await discard(path, seen, parts);
    else await rest(pauseMs, parts.signal);
    parts.signal.throwIfAborted();
  }
}

async function make(path: string, own: string): Promise<boolean> {
  try {
    await writeFile(path, own, { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  }
}

async function look(path: string): Promise<Seen | undefined> {
  const [text, facts] = [await readFile(path, "utf8").catch(ignoreAbsent), await stat(path).catch(ignoreAbsent)];
  return text === undefined || facts === undefined ? undefined : { text, touchedAt: facts.mtimeMs };
}

/** Only the one that was seen: somebody else may have discarded it before and have a new one there. */
async function discard(path: string, seen: Seen, { random }: LockParts): Promise<void> {
  const now = await look(path);
  if (now?.text !== seen.text || now.touchedAt !== seen.touchedAt) return;
  const aside = `${path}.${random.id(8)}`;
  await rename(path, aside).catch(ignoreAbsent);
  await rm(aside, { force: true });
}

async function isDead(text: string): Promise<boolean> {
  const owner = parsed(text);
  const here = await placeOfPids();
  if (!isRecord(owner) || owner["host"] !== here.host || owner["space"] !== here.space) return false;
  const { pid } = owner;
  return typeof pid === "number" && !isAlive(pid);
}

/** Numbers of processes mean something only there. */
async function placeOfPids(): Promise<{ readonly host: string; readonly space: string }> {
  return { host: hostname(), space: await readlink("/proc/self/ns/pid").catch(() => "") };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) !== "ESRCH";
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
