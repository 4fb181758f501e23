import type { Log } from "../../runtime/core/ports";
import { nodeRandom } from "../../runtime/entry/host/node-random";
import { localQueue } from "../../runtime/queue/local-queue";
import type { MessageStore } from "../../runtime/queue/message-store";
import { MemoryMessages } from "../fakes/memory-queue";
import { noon } from "../fixtures/records";

const quiet = () => undefined;
const log: Log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const open = (store: MessageStore) => localQueue({ store, clock: { now: () => noon }, random: nodeRandom, log }, []);

describe("the local queue", () => {
  it("shows no message that could not be stored", async () => {
    const store = new MemoryMessages();
    store.put = () => Promise.reject(new Error("no space left"));
    const queue = open(store);
    await expect(queue.send([{ kind: "plan", profile: "small" }])).rejects.toThrow("no space left");
    expect(await queue.receive(1, 0)).toEqual([]);
    expect(await queue.depth()).toBe(0);
  });

  it("has stored a message before it hands it out", async () => {
    const store = new MemoryMessages();
    const queue = open(store);
    const received = queue.receive(1, 10_000);
    await queue.send([{ kind: "plan", profile: "small" }]);
    const [one] = await received;
    expect(store.stored.map(({ id }) => id)).toEqual([one?.id]);
  });

  it("keeps a message whose end could not be stored", async () => {
    const store = new MemoryMessages();
    store.remove = () => Promise.reject(new Error("no space left"));
    const queue = open(store);
    await queue.send([{ kind: "plan", profile: "small" }]);
    const [one] = await queue.receive(1, 0);
    await expect(queue.done(one?.id ?? "")).rejects.toThrow("no space left");
    expect(await queue.depth()).toBe(1);
  });

  it.each([3_600_000, -3_600_000])("keeps its pauses when somebody sets the clock by %i ms", async (jump) => {
    const [clock, steady] = [{ ms: noon }, { ms: 5 }];
    const now = (of: { ms: number }) => ({ now: () => of.ms });
    const options = { store: new MemoryMessages(), clock: now(clock), steady: now(steady), random: nodeRandom, log };
    const queue = localQueue(options, []);
    await queue.send([{ kind: "plan", profile: "small" }]);
    const [one] = await queue.receive(1, 0);
    await queue.retry(one?.id ?? "", 1_000);
    clock.ms += jump;
    steady.ms += 999;
    expect(await queue.receive(1, 0)).toEqual([]);
    steady.ms += 1;
    expect(await queue.receive(1, 0)).toMatchObject([{ id: one?.id, attempt: 2 }]);
  });
});
