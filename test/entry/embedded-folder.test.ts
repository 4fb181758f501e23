import { cp, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Ledger } from "../../runtime/core/ports";
import { nodeRandom } from "../../runtime/entry/host/node-random";
import { embeddedTables, openEmbeddedStore, type EmbeddedStore } from "../../runtime/entry/local/store/embedded-store";
import { openLedger } from "../../runtime/ledger/dynamodb-ledger";
import { noon, someJob } from "../fixtures/records";
import { temporaryFolder } from "../fixtures/temporary-folder";

const clock = { now: () => noon };

describe("the embedded store, when its folder is taken away under it", () => {
  const logged: string[] = [];
  const note = (sentence: string): void => void logged.push(sentence);
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let store: EmbeddedStore;
  let ledger: Ledger;

  const place = () => join(folder.path, "ledger");
  const away = () => join(folder.path, "away");
  const ledgerOf = ({ client }: EmbeddedStore): Promise<Ledger> =>
    openLedger({ client, table: embeddedTables.ledger, clock, random: nodeRandom, retentionMs: () => 1000 });

  beforeEach(async () => {
    folder = await temporaryFolder();
    store = await openEmbeddedStore(folder.path, { error: note, info: note });
    ledger = await ledgerOf(store);
    await ledger.createJob(someJob());
    logged.length = 0;
  });
  afterEach(async () => {
    await store.close();
    await folder.remove();
  });

  it.each([
    { how: "moved away", take: () => rename(place(), away()) },
    { how: "deleted", take: () => rm(place(), { recursive: true }) },
    {
      how: "emptied",
      take: async () => {
        for (const name of await readdir(place())) await rm(join(place(), name));
      },
    },
    {
      how: "replaced by a copy",
      take: async () => {
        await rename(place(), away());
        await cp(away(), place(), { recursive: true });
      },
    },
  ])("($how) stores nothing that a restart would not find, goes on reading, and says so once", async ({ take }) => {
    await take();
    for (const name of ["once", "twice"])
      await expect(ledger.saveJob(someJob({ name, version: 2 }))).rejects.toMatchObject({ code: "not-stored" });
    await expect(store.check()).rejects.toThrow(place());
    expect(await ledger.readJob(someJob().key)).toEqual(someJob());
    expect(logged).toEqual(["ledger cannot be used"]);
  });

  it("makes no new one, and stores again as soon as the first is back", async () => {
    await rename(place(), away());
    await expect(ledger.saveJob(someJob({ version: 2 }))).rejects.toMatchObject({ code: "not-stored" });
    expect(await readdir(folder.path)).toEqual(["away"]);
    await rename(away(), place());
    expect(await ledger.saveJob(someJob({ version: 2 }))).toMatchObject({ written: true });
    await store.check();
    expect(logged).toEqual(["ledger cannot be used", "ledger can be written again"]);
    await store.close();
    store = await openEmbeddedStore(folder.path);
    expect(await (await ledgerOf(store)).readJob(someJob().key)).toEqual(someJob({ version: 2 }));
  });
});
