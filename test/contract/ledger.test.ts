import { embeddedTables, openEmbeddedStore } from "../../runtime/entry/local/store/embedded-store";
import { nodeRandom } from "../../runtime/entry/host/node-random";
import { openLedger } from "../../runtime/ledger/dynamodb-ledger";
import { MemoryLedger } from "../fakes/memory-ledger";
import { temporaryFolder } from "../fixtures/temporary-folder";
import { ledgerContract } from "./ledger.contract";

ledgerContract("memory", (options) =>
  Promise.resolve({ ledger: new MemoryLedger(options), close: () => Promise.resolve() }),
);

ledgerContract("DynamoDB, on the embedded store", async (options) => {
  const folder = await temporaryFolder();
  const store = await openEmbeddedStore(folder.path);
  const { client } = store;
  return {
    ledger: await openLedger({ client, table: embeddedTables.ledger, random: nodeRandom, ...options }),
    close: async () => {
      await store.close();
      await folder.remove();
    },
  };
});
