/** The queue: stored for good once `send` answered, delivered at least once, in any order, and again when not done in time. */
import type { Message, Queue, Received } from "../../runtime/core/ports";
import { sameAs } from "../../runtime/flow/work";
import type { Costs } from "./costs";
import type { Dice } from "./dice";
import type { Kernel } from "./kernel";
import type { Strand } from "./strand";

/** Longer than any function may run, as the queue's owner has to set it. */
const hiddenMs = 90_000;
const atOnce = 16;

interface Stored {
  readonly id: string;
  readonly message: Message;
  attempt: number;
  /** Raised whenever it is taken, so that an old time-out does not show it again. */
  taken: number;
  /** Raised whenever its next showing is set, which takes the place of the one before. */
  shown: number;
}

/** Equal messages that are there at the same time are handled at once. */
type Handle = (received: readonly Received[]) => Promise<void>;

interface QueueParts {
  readonly kernel: Kernel;
  readonly dice: Dice;
  readonly costs: Costs;
}

/** The queue's own side, shared by all who send to it. */
export class QueueStore {
  readonly #kernel: Kernel;
  readonly #dice: Dice;
  readonly #costs: Costs;
  readonly #messages = new Map<string, Stored>();
  readonly #ready: string[] = [];
  #handle: Handle | undefined;
  #busy = 0;
  #made = 0;

  constructor({ kernel, dice, costs }: QueueParts) {
    this.#kernel = kernel;
    this.#dice = dice;
    this.#costs = costs;
  }

  get depth(): number {
    return this.#messages.size;
  }

  /** Who handles messages from now on; its promise settles when it is through with one. */
  serve(handle: Handle | undefined): void {
    this.#handle = handle;
    if (handle === undefined) this.#busy = 0;
    this.#offer();
  }

  put(message: Message): void {
    this.#made += 1;
    this.#costs.add("messages");
    const id = `m${this.#made}`;
    this.#messages.set(id, { id, message, attempt: 0, taken: 0, shown: 0 });
    const lateMs = this.#dice.strikes("message-late", message) ? this.#dice.between(1_000, 120_000, "late") : 0;
    this.show(id, this.#dice.between(5, 40, "queue") + lateMs);
    if (!this.#dice.strikes("message-twice", message)) return;
    this.#kernel.after(this.#dice.between(5, 5_000, "twice"), () => this.#isReady(id));
  }

  show(id: string, afterMs: number): void {
    const stored = this.#messages.get(id);
    if (stored === undefined) return;
    stored.shown += 1;
    const { shown } = stored;
    this.#kernel.after(afterMs, () => {
      if (stored.shown === shown) this.#isReady(id);
    });
  }

  #isReady(id: string): void {
    if (!this.#messages.has(id)) return;
    this.#ready.push(id);
    this.#offer();
  }

  remove(id: string): void {
    this.#messages.delete(id);
  }

  /** After a restart nobody works on anything. */
  showAll(): void {
    for (const id of this.#messages.keys()) this.show(id, 0);
  }

  #offer(): void {
    while (this.#handle !== undefined && this.#busy < atOnce && this.#ready.length > 0) {
      const at = this.#dice.between(0, this.#ready.length - 1, "order");
      const [id = ""] = this.#ready.splice(at, 1);
      const stored = this.#messages.get(id);
      if (stored !== undefined) this.#give([stored, ...this.#equals(stored.message)], this.#handle);
    }
  }

  #equals(message: Message): readonly Stored[] {
    const same = sameAs(message);
    if (same === undefined) return [];
    const equal = this.#ready
      .flatMap((id) => this.#messages.get(id) ?? [])
      .filter((one) => sameAs(one.message) === same);
    for (const { id } of equal) this.#ready.splice(this.#ready.indexOf(id), 1);
    return equal;
  }

  #give(taken: readonly Stored[], handle: Handle): void {
    this.#busy += 1;
    const free = () => {
      if (this.#handle !== handle) return;
      this.#busy -= 1;
      this.#offer();
    };
    void handle(taken.map((stored) => this.#take(stored))).then(free, free);
  }

  #take(stored: Stored): Received {
    stored.attempt += 1;
    stored.taken += 1;
    const { id, message, attempt, taken } = stored;
    this.#kernel.after(hiddenMs, () => {
      if (stored.taken === taken) this.show(id, 0);
    });
    return { id, message, attempt };
  }
}

/** The same, as one function sees it. */
export class SimQueue implements Queue {
  readonly #strand: Strand;
  readonly #store: QueueStore;
  readonly #dice: Dice;

  constructor(strand: Strand, store: QueueStore, dice: Dice) {
    this.#strand = strand;
    this.#store = store;
    this.#dice = dice;
  }

  send(messages: readonly Message[]): Promise<void> {
    return this.#strand.call({ what: "queue.send", ms: this.#dice.between(3, 15, "send") }, () => {
      const breaks = this.#dice.strikes("send-in-part", this.#strand.hit);
      const stored = breaks ? messages.slice(0, this.#dice.between(0, messages.length, "part")) : messages;
      for (const message of stored) this.#store.put(message);
      if (breaks) throw new Error("the queue does not answer");
    });
  }

  receive(): Promise<readonly Received[]> {
    return Promise.reject(new Error("messages are handed over, nobody has to ask"));
  }

  done(id: string): Promise<void> {
    return this.#strand.call({ what: "queue.done", ms: this.#dice.between(3, 15, "send") }, () =>
      this.#store.remove(id),
    );
  }

  retry(id: string, delayMs: number): Promise<void> {
    return this.#strand.call({ what: "queue.retry", ms: this.#dice.between(3, 15, "send") }, () =>
      this.#store.show(id, delayMs),
    );
  }

  depth(): Promise<number> {
    return this.#strand.call({ what: "queue.depth", ms: 1 }, () => this.#store.depth);
  }
}
