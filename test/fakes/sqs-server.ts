/** As much of SQS's wire protocol as dead letters need, over loopback: what is received hides, until it is shown or deleted. */
import { createHash, randomUUID } from "node:crypto";
import { AwsJsonServer, type AwsAnswer } from "./aws-json-server";

interface Stored {
  readonly id: string;
  readonly body: string;
  receives: number;
  hidden: boolean;
}

interface Input {
  readonly QueueUrl?: string;
  readonly MessageBody?: string;
  readonly ReceiptHandle?: string;
  readonly VisibilityTimeout?: number;
  readonly MaxNumberOfMessages?: number;
}

const ok = (body: object = {}): AwsAnswer => ({ status: 200, body });
const md5 = (text: string): string => createHash("md5").update(text).digest("hex");

export class FakeSqs {
  /** By the queue's address. */
  readonly queues = new Map<string, Stored[]>();
  /** Operations, in order. */
  readonly asked: string[] = [];
  /** Queues that somebody deleted, by their address. */
  readonly gone = new Set<string>();
  /** An operation that is refused, from its n-th call on. */
  refusal: { readonly operation: string; readonly from: number } | undefined;
  readonly #server = new AwsJsonServer<Input>("1.0", (operation, input) => this.#answer(operation, input));

  listen(): Promise<string> {
    return this.#server.listen();
  }

  close(): void {
    this.#server.close();
  }

  put(queue: string, body: string, id: string = randomUUID()): string {
    this.queues.set(queue, [...this.on(queue), { id, body, receives: 10, hidden: false }]);
    return id;
  }

  on(queue: string): readonly Stored[] {
    return this.queues.get(queue) ?? [];
  }

  #answer(operation: string, input: Input): AwsAnswer {
    this.asked.push(operation);
    const { refusal } = this;
    if (refusal?.operation === operation && this.asked.filter((one) => one === operation).length >= refusal.from)
      return { status: 400, body: { __type: "com.amazonaws.sqs#AccessDeniedException", message: "you may not" } };
    if (this.gone.has(input.QueueUrl ?? ""))
      return { status: 400, body: { __type: "com.amazonaws.sqs#QueueDoesNotExist", message: "it does not exist" } };
    const queue = this.queues.get(input.QueueUrl ?? "") ?? [];
    const held = queue.find(({ id }) => id === input.ReceiptHandle);
    switch (operation) {
      case "ReceiveMessage":
        return ok({ Messages: this.#receive(queue, input.MaxNumberOfMessages ?? 1) });
      case "SendMessage":
        return ok({
          MessageId: this.put(input.QueueUrl ?? "", input.MessageBody ?? ""),
          MD5OfMessageBody: md5(input.MessageBody ?? ""),
        });
      case "DeleteMessage":
        if (held !== undefined) queue.splice(queue.indexOf(held), 1);
        return ok();
      case "ChangeMessageVisibility":
        if (held !== undefined) held.hidden = input.VisibilityTimeout !== 0;
        return ok();
      case "GetQueueAttributes":
        return ok({
          Attributes: { ApproximateNumberOfMessages: String(queue.filter(({ hidden }) => !hidden).length) },
        });
    }
    return { status: 400, body: { __type: "UnknownOperation" } };
  }

  #receive(queue: readonly Stored[], most: number): readonly object[] {
    const shown = queue.filter(({ hidden }) => !hidden).slice(0, most);
    return shown.map((message) => {
      message.hidden = true;
      message.receives += 1;
      const { id, body, receives } = message;
      const Attributes = { SentTimestamp: "1893456000000", ApproximateReceiveCount: String(receives) };
      return { MessageId: id, ReceiptHandle: id, Body: body, MD5OfBody: md5(body), Attributes };
    });
  }
}
