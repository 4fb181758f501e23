import { embeddedTables, openEmbeddedStore } from "../../runtime/entry/local/store/embedded-store";
import { nodeRandom } from "../../runtime/entry/host/node-random";
import { openLocalQueue } from "../../runtime/queue/local-queue";
import { dynamodbMessageStore } from "../../runtime/queue/message-store";
import { memoryQueue, MemoryMessages } from "../fakes/memory-queue";
import { temporaryFolder } from "../fixtures/temporary-folder";
import { queueContract } from "./queue.contract";

queueContract("memory", (options) => {
  const store = new MemoryMessages();
  const open = () => memoryQueue({ ...options, random: nodeRandom, store });
  const queue = open();
  return Promise.resolve({
    queue,
    restart: () => Promise.resolve(open()),
    close: () => Promise.resolve(queue.close()),
  });
});

queueContract("local, on the embedded store", async (options) => {
  const folder = await temporaryFolder();
  let store = await openEmbeddedStore(folder.path);
  const open = () => {
    const messages = dynamodbMessageStore(store.client, embeddedTables.queue);
    return openLocalQueue({ ...options, random: nodeRandom, store: messages });
  };
  const queue = await open();
  return {
    queue,
    restart: async () => {
      await store.close();
      store = await openEmbeddedStore(folder.path);
      return open();
    },
    close: async () => {
      queue.close();
      await store.close();
      await folder.remove();
    },
  };
});
