/** The ledger in memory stands for the real one in all other runs: here the real one, on the embedded store, lives the same. */
import { embeddedTables, openEmbeddedStore, type EmbeddedStore } from "../../runtime/entry/local/store/embedded-store";
import { nodeRandom } from "../../runtime/entry/host/node-random";
import { dynamodbLedger, openLedger } from "../../runtime/ledger/dynamodb-ledger";
import { temporaryFolder } from "../fixtures/temporary-folder";
import type { Kernel } from "./kernel";
import { simulate } from "./simulate";

const week = 7 * 24 * 3_600_000;

describe("with the real ledger", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let store: EmbeddedStore;
  beforeEach(async () => {
    folder = await temporaryFolder();
    store = await openEmbeddedStore(folder.path);
  });
  afterEach(async () => {
    await store.close();
    await folder.remove();
  });

  const ledgerOn = (clock: { now(): number }) => ({
    ...{ client: store.client, table: embeddedTables.ledger, random: nodeRandom },
    ...{ clock, retentionMs: () => week },
  });

  it.each([3, 8, 14])(
    "seed %d has the same faults and comes to the same end as in memory",
    async (seed) => {
      const scenario = { seed, jobs: 10 };
      await openLedger(ledgerOn({ now: () => 0 }));
      const inMemory = await simulate(scenario);
      const stored = await simulate(scenario, { store: (clock: Kernel) => dynamodbLedger(ledgerOn(clock)) });
      expect(stored).toMatchObject({ happened: inMemory.happened, steps: inMemory.steps, tookMs: inMemory.tookMs });
      expect(stored.violation).toBeUndefined();
      expect(inMemory.violation).toBeUndefined();
    },
    120_000,
  );
});
