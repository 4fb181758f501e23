import { chmod, mkdir, readdir, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { create, type Store } from "dynalite/db";
import type { Ledger } from "../../runtime/core/ports";
import { embeddedClient } from "../../runtime/entry/local/store/embedded-client";
import { openEmbeddedLevel } from "../../runtime/entry/local/store/embedded-level";
import { embeddedTables, openEmbeddedStore } from "../../runtime/entry/local/store/embedded-store";
import { nodeRandom } from "../../runtime/entry/host/node-random";
import { openLedger } from "../../runtime/ledger/dynamodb-ledger";
import { ledgerTable } from "../../runtime/ledger/table";
import { noon, someJob, someRunner } from "../fixtures/records";
import { temporaryFolder } from "../fixtures/temporary-folder";

const clock = { now: () => noon };
const tables = { [embeddedTables.ledger]: ledgerTable };

describe("the embedded store", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(() => folder.remove());

  const ledgerOn = (client: Parameters<typeof openLedger>[0]["client"]): Promise<Ledger> =>
    openLedger({ client, table: embeddedTables.ledger, clock, random: nodeRandom, retentionMs: () => 1000 });

  const withLedger = async <T>(run: (ledger: Ledger) => Promise<T>): Promise<T> => {
    const store = await openEmbeddedStore(folder.path);
    try {
      return await run(await ledgerOn(store.client));
    } finally {
      await store.close();
    }
  };

  /** What lies in the LevelDB, read and changed behind the store's back. */
  const withLevel = async <T>(run: (level: Store["db"]) => Promise<T>): Promise<T> => {
    const { db } = create({ path: join(folder.path, "ledger"), createTableMs: 0 });
    await db.open();
    try {
      return await run(db);
    } finally {
      await db.close();
    }
  };

  const keysUnder = (prefix: string): Promise<string[]> =>
    withLevel(async (level) => {
      const keys: string[] = [];
      for await (const [key] of level.iterator({ gte: prefix, lt: `${prefix}\u{ff}` })) keys.push(key);
      return keys;
    });

  it("keeps everything over a restart", async () => {
    await withLedger((ledger) => ledger.createJob(someJob()));
    expect(await withLedger((ledger) => ledger.readJob(someJob().key))).toEqual(someJob());
  });

  it("is readable by its owner only", async () => {
    await withLedger(() => Promise.resolve());
    expect((await stat(join(folder.path, "ledger"))).mode & 0o777).toBe(0o700);
  });

  it("says that another server uses the data folder", async () => {
    await withLedger(async () => {
      await expect(openEmbeddedStore(folder.path)).rejects.toMatchObject({ code: "data-dir-locked" });
    });
    await withLedger((ledger) => ledger.readFleet());
  });

  it("says which folder cannot be used, and why", async () => {
    await writeFile(join(folder.path, "ledger"), "a file in the way");
    await expect(openEmbeddedStore(folder.path)).rejects.toMatchObject({
      code: "data-dir-unwritable",
      message: expect.stringContaining(join(folder.path, "ledger")) as string,
    });
  });

  it("does not keep the folder locked when it could not be opened", async () => {
    await mkdir(join(folder.path, "ledger"));
    await writeFile(join(folder.path, "ledger", "CURRENT"), "nonsense");
    await expect(openEmbeddedStore(folder.path)).rejects.toMatchObject({ code: "data-dir-unwritable" });
    await writeFile(join(folder.path, "ledger", "CURRENT"), "");
    await chmod(join(folder.path, "ledger"), 0o700);
    await expect(openEmbeddedStore(folder.path)).rejects.toMatchObject({ code: "data-dir-unwritable" });
  });

  it("prints no advice about Node versions, and leaves the environment as it was", async () => {
    const warned: string[] = [];
    const note = (warning: Error): void => void warned.push(warning.message);
    const before = { ...process.env };
    process.on("warning", note);
    await withLedger((ledger) => ledger.readFleet());
    process.off("warning", note);
    expect(warned).toEqual([]);
    expect({ ...process.env }).toEqual(before);
  });

  describe("repairs its indexes at the start", () => {
    it.each([
      { index: "live", prefix: "index-local~onejob~live~" },
      { index: "deadlines", prefix: "index-global~onejob~deadlines~" },
      { index: "byId", prefix: "index-global~onejob~byId~" },
      { index: "recent", prefix: "index-global~onejob~recent~" },
    ])("when $index lacks entries of items", async ({ prefix }) => {
      await withLedger(async (ledger) => {
        await ledger.createJob(someJob({ deadlineAt: noon }));
        await ledger.createRunner(someRunner({ deadlineAt: noon }));
      });
      const before = await keysUnder(prefix);
      await withLevel((level) => level.batch(before.map((key) => ({ type: "del", key }))));
      expect(await keysUnder(prefix)).toEqual([]);
      await withLedger(async (ledger) => {
        expect(await ledger.due(noon, 10)).toHaveLength(2);
        expect(await ledger.readProfile("small")).toMatchObject({ jobs: [someJob({ deadlineAt: noon })] });
        expect(await ledger.readJob(someJob().key)).toBeDefined();
        expect((await ledger.listJobs({ limit: 1 })).items).toHaveLength(1);
      });
      expect(before.length).toBeGreaterThan(0);
      expect(await keysUnder(prefix)).toEqual(before);
    });

    it("when an item is gone whose entries stayed", async () => {
      await withLedger((ledger) => ledger.createRunner(someRunner({ deadlineAt: noon })));
      const items = (await keysUnder("item-onejob~")).filter((key) =>
        key.includes(Buffer.from("RUNNER").toString("hex")),
      );
      await withLevel((level) => level.batch(items.map((key) => ({ type: "del", key }))));
      await withLedger(async (ledger) => {
        expect((await ledger.readProfile("small")).runners).toEqual([]);
        expect(await ledger.due(noon, 10)).toEqual([]);
      });
      expect(items).toHaveLength(1);
      expect(await keysUnder("index-")).toEqual([]);
    });

    it("when an entry is older or newer than its item", async () => {
      await withLedger((ledger) => ledger.createJob(someJob({ deadlineAt: noon })));
      const [live = ""] = await keysUnder("index-local~onejob~live~");
      const [due = ""] = await keysUnder("index-global~onejob~deadlines~");
      await withLevel(async (level) => {
        const value = { ...(await level.get(live)), version: { N: "7" }, record: { M: {} } };
        await level.batch([
          { type: "put", key: live, value },
          { type: "put", key: due.replace(/.{8}$/, "00000000"), value: await level.get(due) },
        ]);
      });
      await withLedger(async (ledger) => {
        expect((await ledger.readProfile("small")).jobs).toEqual([someJob({ deadlineAt: noon })]);
      });
      expect(await keysUnder("index-global~onejob~deadlines~")).toEqual([due]);
    });

    it("when this program has an index that the one before did not have", async () => {
      const path = join(folder.path, "ledger");
      const old = { ...ledgerTable, indexes: ledgerTable.indexes.filter(({ name }) => name !== "deadlines") };
      const level = await openEmbeddedLevel({ folder: path, tables: { [embeddedTables.ledger]: old } });
      await (await ledgerOn(embeddedClient(level.perform))).createJob(someJob({ deadlineAt: noon }));
      await level.close();
      expect(await withLedger((ledger) => ledger.due(noon, 10))).toHaveLength(1);
    });
  });

  describe("after a write that failed", () => {
    /** A LevelDB that fails while it is told to, and counts how often it was opened. */
    const failing = async () => {
      const disk = { full: false, opened: 0, writesWhileFull: 0 };
      const level = await openEmbeddedLevel({
        folder: join(folder.path, "ledger"),
        tables,
        makeStore: (path) => {
          disk.opened++;
          const store = create({ path, createTableMs: 0 });
          const batch = store.db.batch.bind(store.db);
          store.db.batch = async (operations) => {
            if (!disk.full) return batch(operations);
            disk.writesWhileFull++;
            throw new Error("no space left");
          };
          return store;
        },
      });
      return { disk, level, ledger: await ledgerOn(embeddedClient(level.perform)) };
    };

    it("says so, keeps reading, and stores again once there is room", async () => {
      const { disk, level, ledger } = await failing();
      await ledger.createJob(someJob());
      disk.full = true;
      await expect(ledger.saveJob(someJob({ version: 2 }))).rejects.toMatchObject({ code: "not-stored" });
      expect(await ledger.readJob(someJob().key)).toEqual(someJob());
      expect(await ledger.due(noon + 1e12, 10)).toHaveLength(1);
      disk.full = false;
      expect(await ledger.saveJob(someJob({ version: 2 }))).toMatchObject({ written: true });
      expect(await ledger.readJob(someJob().key)).toEqual(someJob({ version: 2 }));
      expect((await ledger.readProfile("small")).jobs).toEqual([someJob({ version: 2 })]);
      await level.close();
    });

    it("takes no further write before the log is begun anew, for that could not be read again", async () => {
      const { disk, level, ledger } = await failing();
      disk.full = true;
      const runners = Array.from({ length: 20 }, (_, n) => someRunner({ id: `r${n}` }));
      const results = await Promise.allSettled(runners.map((runner) => ledger.createRunner(runner)));
      expect(results.filter(({ status }) => status === "fulfilled")).toEqual([]);
      expect(disk).toMatchObject({ opened: 1, writesWhileFull: 1 });
      disk.full = false;
      await Promise.all(runners.map((runner) => ledger.createRunner(runner)));
      expect(disk.opened).toBe(2);
      expect((await ledger.readProfile("small")).runners).toHaveLength(20);
      await level.close();
    });

    it("goes on reading while the log is begun anew", async () => {
      const { disk, level, ledger } = await failing();
      await ledger.createJob(someJob());
      for (let round = 0; round < 20; round++) {
        disk.full = true;
        await expect(ledger.createRunner(someRunner({ id: `r${round}` }))).rejects.toMatchObject({
          code: "not-stored",
        });
        disk.full = false;
        const reading = Array.from({ length: 10 }, () => [ledger.readProfile("small"), ledger.readJob(someJob().key)]);
        await ledger.createRunner(someRunner({ id: `r${round}` }));
        const later = Array.from({ length: 10 }, () => ledger.readProfile("small"));
        await Promise.all([...reading.flat(), ...later]);
      }
      expect((await ledger.readProfile("small")).runners).toHaveLength(20);
      await level.close();
    });

    it("makes no new folder in the place of one that is gone meanwhile", async () => {
      const { disk, level, ledger } = await failing();
      disk.full = true;
      await expect(ledger.createJob(someJob())).rejects.toMatchObject({ code: "not-stored" });
      disk.full = false;
      await rename(join(folder.path, "ledger"), join(folder.path, "away"));
      await expect(ledger.createJob(someJob())).rejects.toMatchObject({ code: "not-stored" });
      expect(await readdir(folder.path)).toEqual(["away"]);
      await level.close();
    });

    it("serves nothing any more once it is closed", async () => {
      const { level, ledger } = await failing();
      await level.close();
      await expect(ledger.createJob(someJob())).rejects.toMatchObject({ code: "not-stored" });
      await expect(ledger.readFleet()).rejects.toThrow("closed");
    });
  });
});
