/**
 * The `Queue` port for one process that owns its messages: stored before `send` resolves, gone from the store with
 * `done`. Who received what, and how often, is known in memory only: a restart shows everything again, as a first
 * attempt.
 */
import type { Instant } from "../core/model";
import type { Clock, Log, Message, Queue, Random, Received } from "../core/ports";
import { subjectOf } from "../core/log-ids";
import type { MessageStore, StoredMessage } from "./message-store";

/** Runs something after so many milliseconds; the answer calls it off. */
export type Timer = (afterMs: number, run: () => void) => () => void;

export interface LocalQueueOptions {
  readonly store: MessageStore;
  readonly clock: Clock;
  /** Measures pauses. One that nobody can set: else a message could stay hidden for hours. Default: `clock`. */
  readonly steady?: Clock;
  readonly random: Random;
  readonly log: Log;
  /** How long a received message stays hidden when nobody says `done` or `retry`. Default: one minute. */
  readonly visibilityMs?: number;
  /** Default: `setTimeout`. */
  readonly timer?: Timer;
}

export interface LocalQueue extends Queue {
  /** Ends waiting receivers, empty-handed. What is stored stays. */
  close(): void;
}

/** A message that failed so often never succeeds. Dropping it is safe: flows go by levels, so the sweep asks again. */
const mostAttempts = 20;
const defaultVisibilityMs = 60_000;

/** What a source allows only later is asked for as long as that takes; no level would bring it back. */
function isPatient(message: Message): boolean {
  return message.kind === "rerun";
}

interface Entry extends StoredMessage {
  /** How often it was received. */
  readonly attempts: number;
  /** By the steady clock. */
  readonly visibleAt: Instant;
}

export async function openLocalQueue(options: LocalQueueOptions): Promise<LocalQueue> {
  return localQueue(options, await options.store.load());
}

/** Over a store whose messages were read already. */
export function localQueue(options: LocalQueueOptions, stored: readonly StoredMessage[]): LocalQueue {
  return new DurableQueue(options, stored);
}

class DurableQueue implements LocalQueue {
  readonly #options: LocalQueueOptions;
  /** Oldest first. */
  readonly #entries = new Map<string, Entry>();
  readonly #waiting = new Set<() => void>();
  readonly #instance: string;
  readonly #steady: Clock;
  #sent = 0;
  #closed = false;

  constructor(options: LocalQueueOptions, stored: readonly StoredMessage[]) {
    this.#options = options;
    this.#steady = options.steady ?? options.clock;
    this.#instance = options.random.id(8);
    this.#add(stored);
  }

  async send(messages: readonly Message[]): Promise<void> {
    if (messages.length === 0) return;
    const named = messages.map((message) => ({ id: this.#nextId(), message }));
    await this.#options.store.put(named);
    this.#add(named);
    this.#wake();
  }

  async receive(max: number, waitMs: number): Promise<readonly Received[]> {
    const until = this.#steady.now() + waitMs;
    for (;;) {
      const taken = await this.#take(max);
      const left = until - this.#steady.now();
      if (taken.length > 0 || left <= 0 || this.#closed) return taken;
      await this.#change(Math.min(left, this.#nextVisibleIn()));
    }
  }

  async done(id: string): Promise<void> {
    await this.#options.store.remove(id);
    this.#entries.delete(id);
  }

  async retry(id: string, delayMs: number): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.set(id, { ...entry, visibleAt: this.#steady.now() + delayMs });
    this.#wake();
  }

  async depth(): Promise<number> {
    return this.#entries.size;
  }

  close(): void {
    this.#closed = true;
    this.#wake();
  }

  #add(stored: readonly StoredMessage[]): void {
    for (const { id, message } of stored) this.#entries.set(id, { id, message, attempts: 0, visibleAt: 0 });
  }

  /** Unique over restarts, and sorting by time, so that a restart keeps the order. */
  #nextId(): string {
    const at = String(this.#options.clock.now()).padStart(15, "0");
    return `${at}-${String(++this.#sent).padStart(10, "0")}-${this.#instance}`;
  }

  async #take(max: number): Promise<readonly Received[]> {
    const now = this.#steady.now();
    const visibleAt = now + (this.#options.visibilityMs ?? defaultVisibilityMs);
    const taken: Received[] = [];
    const dropped: Entry[] = [];
    for (const entry of this.#entries.values()) {
      if (taken.length >= max) break;
      if (entry.visibleAt > now) continue;
      if (entry.attempts >= mostAttempts && !isPatient(entry.message)) {
        dropped.push(entry);
        continue;
      }
      const attempts = entry.attempts + 1;
      this.#entries.set(entry.id, { ...entry, attempts, visibleAt });
      taken.push({ id: entry.id, message: entry.message, attempt: attempts });
    }
    // At once, so that no other receiver drops them too.
    for (const { id } of dropped) this.#entries.delete(id);
    for (const entry of dropped) await this.#drop(entry);
    return taken;
  }

  async #drop({ id, message, attempts }: Entry): Promise<void> {
    const { log, store } = this.#options;
    log.error("message dropped after too many attempts; the sweep repairs what it was about", {
      id,
      kind: message.kind,
      attempts,
      ...subjectOf(message),
    });
    // A message that stays stored comes again after a restart, which is no worse than a late one.
    await store.remove(id).catch((error: unknown) => log.warn("dropped message is still stored", { id, error }));
  }

  #nextVisibleIn(): number {
    let next = Infinity;
    for (const { visibleAt } of this.#entries.values()) next = Math.min(next, visibleAt);
    return Math.max(0, next - this.#steady.now());
  }

  /** Resolves with the next send, retry or close, or after so long. */
  #change(withinMs: number): Promise<void> {
    const timer = this.#options.timer ?? nodeTimer;
    return new Promise((resolve) => {
      const wake = (): void => {
        callOff();
        this.#waiting.delete(wake);
        resolve();
      };
      const callOff = timer(withinMs, wake);
      this.#waiting.add(wake);
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}

const nodeTimer: Timer = (afterMs, run) => {
  const timeout = setTimeout(run, afterMs);
  return () => clearTimeout(timeout);
};
