/** Messages that are sent for later, by the clock of a test: SQS would wait for them in its own time. */
import { createHash } from "node:crypto";
import { nodeRandom } from "../../../runtime/entry/host/node-random";
import type { Asked } from "./calls";
import type { Forwarder } from "./forward";
import { jsonAnswer, type Answer } from "./refusals";

interface Entry {
  readonly Id: string;
  readonly MessageBody: string;
  readonly DelaySeconds?: number;
}

interface Batch {
  readonly QueueUrl: string;
  readonly Entries: readonly Entry[];
}

export class Delays {
  readonly #forward: Forwarder;
  readonly #now: () => number;
  #held: { readonly at: number; readonly batch: Batch }[] = [];

  constructor(forward: Forwarder, now: () => number) {
    this.#forward = forward;
    this.#now = now;
  }

  /** How many messages are put off. */
  get count(): number {
    return this.#held.reduce((sum, { batch }) => sum + batch.Entries.length, 0);
  }

  /** `undefined`: they are for now. Those of one call wait for the longest of their delays. */
  hold({ body }: Asked): Answer | undefined {
    const batch = JSON.parse(body.toString()) as Batch;
    const seconds = Math.max(0, ...batch.Entries.map(({ DelaySeconds = 0 }) => DelaySeconds));
    if (seconds === 0) return undefined;
    this.#held.push({ at: this.#now() + seconds * 1_000, batch });
    const Successful = batch.Entries.map(({ Id, MessageBody }) => ({
      ...{ Id, MessageId: nodeRandom.id(16) },
      MD5OfMessageBody: createHash("md5").update(MessageBody).digest("hex"),
    }));
    return jsonAnswer(200, { Successful, Failed: [] });
  }

  /** Sends those whose time has come. */
  async release(): Promise<void> {
    const due = this.#held.filter(({ at }) => at <= this.#now());
    this.#held = this.#held.filter((one) => !due.includes(one));
    for (const { batch } of due) {
      const Entries = batch.Entries.map(({ Id, MessageBody }) => ({ Id, MessageBody }));
      await this.#forward.ask("AmazonSQS.SendMessageBatch", { ...batch, Entries });
    }
  }
}
