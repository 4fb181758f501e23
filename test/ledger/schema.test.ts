import { join } from "node:path";
import { embeddedClient } from "../../runtime/entry/local/store/embedded-client";
import { openEmbeddedLevel, type EmbeddedLevel } from "../../runtime/entry/local/store/embedded-level";
import { nodeRandom } from "../../runtime/entry/host/node-random";
import { keys } from "../../runtime/ledger/keys";
import { ledgerStore, type LedgerStore } from "../../runtime/ledger/ledger-store";
import { migrate, type Migration } from "../../runtime/ledger/schema";
import { ledgerTable } from "../../runtime/ledger/table";
import { noon, someJob, someRunner } from "../fixtures/records";
import { temporaryFolder } from "../fixtures/temporary-folder";

const note = keys.note("greeting");
/** Made-up changes of a note: each adds a letter, unless it is there. */
const adding = (to: number, letter: string): Migration => ({
  to,
  run: async (store) => {
    const text = String((await store.get(note))?.record ?? "");
    if (!text.includes(letter)) await store.put({ ...note, record: text + letter }, "any");
  },
});
const [second, third] = [adding(2, "b"), adding(3, "c")];

describe("stored data of an earlier version", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let level: EmbeddedLevel;
  let store: LedgerStore;
  beforeEach(async () => {
    folder = await temporaryFolder();
    level = await openEmbeddedLevel({ folder: join(folder.path, "ledger"), tables: { onejob: ledgerTable } });
    const client = embeddedClient(level.perform);
    store = ledgerStore({ client, table: "onejob", clock: { now: () => noon }, random: nodeRandom });
  });
  afterEach(async () => {
    await level.close();
    await folder.remove();
  });
  const text = async () => (await store.get(note))?.record;
  const version = async () => (await store.get(keys.schema))?.version;

  it("gets the version of this program when there is none yet, without any step", async () => {
    await migrate(store, [second, third]);
    expect(await version()).toBe(3);
    expect(await text()).toBeUndefined();
  });

  it("is brought forward step by step, once", async () => {
    await migrate(store, []);
    await store.put({ ...note, record: "a" }, "any");
    await migrate(store, [second]);
    expect([await version(), await text()]).toEqual([2, "ab"]);
    await migrate(store, [second, third]);
    await migrate(store, [second, third]);
    expect([await version(), await text()]).toEqual([3, "abc"]);
  });

  it("is brought forward after a crash within a step", async () => {
    await migrate(store, []);
    await store.put({ ...note, record: "a" }, "any");
    const dying: Migration = {
      to: 2,
      run: async (ledger) => {
        await second.run(ledger);
        throw new Error("killed");
      },
    };
    await expect(migrate(store, [dying])).rejects.toThrow("killed");
    expect(await version()).toBe(1);
    await migrate(store, [second, third]);
    expect([await version(), await text()]).toEqual([3, "abc"]);
  });

  it("is brought forward by two programs at once", async () => {
    await migrate(store, []);
    await Promise.all([migrate(store, [second, third]), migrate(store, [second, third])]);
    expect(await version()).toBe(3);
  });

  it("gives what is open of version 1 the fields that came with forges, and leaves the rest", async () => {
    await migrate(store, []);
    const { origin: _origin, barred: _barred, ...job } = someJob();
    const { handle: _handle, askedAt: _askedAt, releasedAt: _releasedAt, ...runner } = someRunner();
    const unrouted = { ...job, id: "u", key: "api/local/u", profile: null };
    await store.put({ ...keys.profile("small") }, "any");
    await store.put({ ...keys.job(job.key, "small"), record: job, version: 1, live: `JOB#${job.key}` }, "any");
    await store.put({ ...keys.job("api/local/u", null), record: unrouted, version: 1, live: "JOB#api/local/u" }, "any");
    await store.put({ ...keys.runner("small", "r1"), record: runner, version: 1, live: "RUNNER#r1" }, "any");
    await migrate(store);
    expect((await store.get(keys.job(job.key, "small")))?.record).toEqual({ ...job, origin: null, barred: null });
    expect((await store.get(keys.job("api/local/u", null)))?.record).toMatchObject({ origin: null, barred: null });
    expect((await store.get(keys.runner("small", "r1")))?.record).toEqual(someRunner());
  });

  it("is refused when a newer program wrote it", async () => {
    await migrate(store, [second, third]);
    await expect(migrate(store, [second])).rejects.toMatchObject({ code: "data-too-new" });
    expect(await version()).toBe(3);
  });
});
