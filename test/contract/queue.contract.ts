/** What every `Queue` promises. */
import type { Log, LogFields, Message, Queue, Received } from "../../runtime/core/ports";
import type { Timer } from "../../runtime/queue/local-queue";
import { noon } from "../fixtures/records";
import { SetClock } from "./ledger.contract";

export interface QueueWorld {
  readonly queue: Queue & { close(): void };
  /** The queue as a new process would open it, over the same messages. */
  restart(): Promise<Queue & { close(): void }>;
  /** For a queue whose clock nobody can set: resolves when so much time has passed there, or its next step up. */
  passed?(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** What an adapter does in another way, and why. */
export interface Deviation {
  readonly reason: string;
  readonly promises: readonly string[];
}

export interface QueueWorldOptions {
  readonly clock: SetClock;
  readonly timer: Timer;
  readonly log: Log;
  readonly visibilityMs: number;
}

const visibilityMs = 1000;
const plan = (profile: string): Message => ({ kind: "plan", profile });

export function queueContract(
  name: string,
  makeWorld: (options: QueueWorldOptions) => Promise<QueueWorld>,
  deviations: readonly Deviation[] = [],
): void {
  const otherwise = new Set(deviations.flatMap(({ promises }) => promises));
  const promises = new Set<string>();
  const it = (promise: string, check: () => Promise<void>): void => {
    promises.add(promise);
    if (!otherwise.has(promise)) test(promise, check);
  };

  describe(`${name} keeps the Queue contract`, () => {
    let world: QueueWorld;
    let queue: Queue & { close(): void };
    let clock = new SetClock();
    let timers: ManualTimers;
    let errors: LogFields[] = [];

    beforeEach(async () => {
      clock = new SetClock();
      timers = new ManualTimers();
      errors = [];
      const quiet = () => undefined;
      const log: Log = { debug: quiet, info: quiet, warn: quiet, error: (_, fields = {}) => void errors.push(fields) };
      world = await makeWorld({ clock, timer: timers.start, log, visibilityMs });
      queue = world.queue;
    });
    afterEach(() => world.close());

    const receiveOne = async (): Promise<Received> => {
      const [one] = await queue.receive(1, 0);
      if (one === undefined) throw new Error("nothing was received");
      return one;
    };
    const pass = async (ms: number): Promise<void> => {
      clock.set(clock.now() + ms);
      await world.passed?.(ms);
    };
    const profiles = (received: readonly Received[]) =>
      received.map(({ message }) => (message.kind === "plan" ? message.profile : message.kind));

    it("hands out every message that was sent, as it was sent", async () => {
      const retire: Message = { kind: "retire", profile: "small", runner: "r1", reason: null };
      await queue.send([plan("a"), retire]);
      expect((await queue.receive(10, 0)).map(({ message }) => message)).toEqual([plan("a"), retire]);
    });

    it("stores many messages at once", async () => {
      await queue.send(Array.from({ length: 60 }, (_, n) => plan(`${n}`)));
      expect(await queue.depth()).toBe(60);
      expect(new Set(profiles(await queue.receive(100, 0))).size).toBe(60);
    });

    it("takes an empty send", async () => {
      await queue.send([]);
      expect(await queue.depth()).toBe(0);
    });

    it("hands out at most as many as asked for", async () => {
      await queue.send([plan("a"), plan("b"), plan("c")]);
      expect(await queue.receive(2, 0)).toHaveLength(2);
      expect(await queue.receive(2, 0)).toHaveLength(1);
    });

    it("hides what was received, and counts it until it is done", async () => {
      await queue.send([plan("a")]);
      const { id } = await receiveOne();
      expect(await queue.receive(1, 0)).toEqual([]);
      expect(await queue.depth()).toBe(1);
      await queue.done(id);
      expect(await queue.depth()).toBe(0);
    });

    it("never shows a message again that is done, and takes a second done", async () => {
      await queue.send([plan("a")]);
      const { id } = await receiveOne();
      await queue.done(id);
      await queue.done(id);
      await pass(2 * visibilityMs);
      expect(await queue.receive(1, 0)).toEqual([]);
    });

    it("shows a message again, as a further attempt, when it is not done in time", async () => {
      await queue.send([plan("a")]);
      expect((await receiveOne()).attempt).toBe(1);
      clock.set(noon + visibilityMs - 1);
      expect(await queue.receive(1, 0)).toEqual([]);
      await pass(1);
      expect((await receiveOne()).attempt).toBe(2);
    });

    it("shows a message again after the delay it was given back with", async () => {
      await queue.send([plan("a")]);
      await queue.retry((await receiveOne()).id, 50);
      clock.set(noon + 49);
      expect(await queue.receive(1, 0)).toEqual([]);
      await pass(1);
      expect((await receiveOne()).attempt).toBe(2);
    });

    it("gives each message its own verdict", async () => {
      await queue.send([plan("a"), plan("b"), plan("c")]);
      const [a, b] = await queue.receive(3, 0);
      await queue.done(a?.id ?? "");
      await queue.retry(b?.id ?? "", 0);
      expect(profiles(await queue.receive(3, 0))).toEqual(["b"]);
      await pass(visibilityMs);
      expect(profiles(await queue.receive(3, 0))).toEqual(["b", "c"]);
    });

    it("ignores a retry of what is gone", async () => {
      await queue.retry("unknown", 0);
      expect(await queue.depth()).toBe(0);
    });

    it("wakes a waiting receiver with the first message", async () => {
      const waiting = queue.receive(1, 20_000);
      await timers.somebodyWaits();
      await queue.send([plan("a")]);
      expect(profiles(await waiting)).toEqual(["a"]);
      expect(timers.open).toBe(0);
    });

    it("wakes a waiting receiver when a message is given back, or becomes visible again", async () => {
      await queue.send([plan("a")]);
      await queue.retry((await receiveOne()).id, 300);
      const waiting = queue.receive(1, 20_000);
      await timers.somebodyWaits();
      expect(timers.delays).toEqual([300]);
      clock.set(noon + 300);
      timers.fire();
      expect((await waiting).map(({ attempt }) => attempt)).toEqual([2]);
    });

    it("ends waiting empty-handed after the time asked for", async () => {
      const waiting = queue.receive(1, 500);
      await timers.somebodyWaits();
      clock.set(noon + 500);
      timers.fire();
      expect(await waiting).toEqual([]);
    });

    it("ends waiting when it is closed", async () => {
      const waiting = queue.receive(1, 20_000);
      await timers.somebodyWaits();
      queue.close();
      expect(await waiting).toEqual([]);
    });

    it("gives one message to one of two waiting receivers", async () => {
      const both = [queue.receive(1, 500), queue.receive(1, 500)];
      await timers.somebodyWaits();
      await queue.send([plan("a")]);
      clock.set(noon + 500);
      timers.fire();
      expect((await Promise.all(both)).flat()).toHaveLength(1);
    });

    it("shows everything not done again after a restart, oldest first", async () => {
      await queue.send([plan("a"), plan("b")]);
      clock.set(noon + 1);
      await queue.send([plan("c"), plan("d")]);
      const [a, b] = await queue.receive(2, 0);
      await queue.done(b?.id ?? "");
      const next = await world.restart();
      expect(profiles(await next.receive(10, 0))).toEqual(["a", "c", "d"]);
      expect(a?.message).toEqual(plan("a"));
    });

    it("drops a message after 20 attempts, says so, and does not keep it for the next start", async () => {
      await queue.send([plan("bad")]);
      for (let attempt = 1; attempt <= 20; attempt++) {
        expect((await receiveOne()).attempt).toBe(attempt);
        clock.set(clock.now() + visibilityMs);
      }
      expect(await queue.receive(1, 0)).toEqual([]);
      expect(errors).toMatchObject([{ kind: "plan", profile: "bad", attempts: 20 }]);
      expect(await queue.depth()).toBe(0);
      expect(await (await world.restart()).depth()).toBe(0);
    });

    test("deviates in nothing but what is promised here", () => {
      expect([...otherwise].filter((promise) => !promises.has(promise))).toEqual([]);
    });
  });
}

/** Timers that fire when the test says so. */
class ManualTimers {
  readonly #running = new Set<{ readonly afterMs: number; readonly run: () => void }>();
  #noticed: () => void = () => undefined;

  readonly start: Timer = (afterMs, run) => {
    const timer = { afterMs, run };
    this.#running.add(timer);
    this.#noticed();
    return () => void this.#running.delete(timer);
  };

  get open(): number {
    return this.#running.size;
  }

  get delays(): readonly number[] {
    return [...this.#running].map(({ afterMs }) => afterMs);
  }

  fire(): void {
    for (const timer of [...this.#running]) timer.run();
  }

  async somebodyWaits(): Promise<void> {
    if (this.open === 0) await new Promise<void>((resolve) => (this.#noticed = resolve));
  }
}
