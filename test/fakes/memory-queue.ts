/** The local queue over a store in memory. Keep the store to see what a restart would find. */
import { localQueue, type LocalQueue, type LocalQueueOptions } from "../../runtime/queue/local-queue";
import type { MessageStore, StoredMessage } from "../../runtime/queue/message-store";

export class MemoryMessages implements MessageStore {
  readonly #messages = new Map<string, StoredMessage>();

  get stored(): readonly StoredMessage[] {
    return [...this.#messages.values()];
  }

  async load(): Promise<readonly StoredMessage[]> {
    return this.stored;
  }

  async put(messages: readonly StoredMessage[]): Promise<void> {
    for (const message of messages) this.#messages.set(message.id, message);
  }

  async remove(id: string): Promise<void> {
    this.#messages.delete(id);
  }
}

export function memoryQueue({
  store = new MemoryMessages(),
  ...options
}: Omit<LocalQueueOptions, "store"> & { readonly store?: MemoryMessages }): LocalQueue {
  return localQueue({ ...options, store }, store.stored);
}
