/**
 * A fleet's table for tests with more calls than moto answers: the embedded store in place of moto's DynamoDB. Both keep
 * the contract of a ledger (`test/contract/ledger.contract.ts`).
 */
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { create, type Row } from "dynalite/db";
import { embeddedClient } from "../../../runtime/entry/local/store/embedded-client";
import { openEmbeddedLevel, type EmbeddedLevel } from "../../../runtime/entry/local/store/embedded-level";
import { isWrite, type Answer as Performed } from "../../../runtime/entry/local/store/embedded-operations";
import { ledgerTable } from "../../../runtime/ledger/table";
import { temporaryFolder } from "../../fixtures/temporary-folder";
import type { Asked } from "./calls";
import { jsonAnswer, type Answer } from "./refusals";

export class EmbeddedTable {
  /** For whoever asks it past the proxy. */
  readonly client: DynamoDBClient;
  readonly #level: EmbeddedLevel;
  readonly #remove: () => Promise<void>;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(level: EmbeddedLevel, remove: () => Promise<void>) {
    this.#level = level;
    this.#remove = remove;
    this.client = embeddedClient((operation, request) => this.#perform(operation, request));
  }

  static async open(name: string): Promise<EmbeddedTable> {
    const { path, remove } = await temporaryFolder();
    // In memory: nobody reads it again.
    const makeStore = () => create({ createTableMs: 0 });
    const level = await openEmbeddedLevel({ folder: path, tables: { [name]: ledgerTable }, makeStore });
    return new EmbeddedTable(level, remove);
  }

  async answer({ header, body }: Asked): Promise<Answer> {
    const [, operation = ""] = (header("x-amz-target") ?? "").split(".");
    const answer = await this.#perform(operation, JSON.parse(body.toString()) as Row);
    return jsonAnswer(answer.statusCode, answer.body as Row);
  }

  async close(): Promise<void> {
    await this.#last;
    this.client.destroy();
    await this.#level.close();
    await this.#remove();
  }

  /** Writes one after the other: what a refused one is told of is what stood against it. */
  #perform(operation: string, request: Row): Promise<Performed> {
    if (!isWrite(operation)) return this.#level.perform(operation, request);
    const mine = this.#last.then(() => this.#write(operation, request));
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  /** Dynalite does not know `ReturnValuesOnConditionCheckFailure`. */
  async #write(operation: string, request: Row): Promise<Performed> {
    const { TableName, ReturnValuesOnConditionCheckFailure: returned } = request;
    const { pk, sk } = (request["Key"] ?? request["Item"] ?? {}) as Row;
    const answer = await this.#level.perform(operation, request);
    const body = answer.body as Row;
    if (returned !== "ALL_OLD" || !String(body["__type"]).endsWith("#ConditionalCheckFailedException")) return answer;
    const wanted = { TableName, Key: { pk, sk }, ConsistentRead: true };
    const { Item } = (await this.#level.perform("GetItem", wanted)).body as Row;
    return Item === undefined ? answer : { ...answer, body: { ...body, Item } };
  }
}
