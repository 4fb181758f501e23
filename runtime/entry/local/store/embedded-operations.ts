/**
 * The operations of DynamoDB's protocol on dynalite's store, called directly instead of through its HTTP server: there
 * is no port and no socket that anybody else could open, and a failed write is an answer. In the server it is thrown
 * out of a callback, so that a full disk would end the process.
 */
import { createRequire } from "node:module";
import type { Callback, Row, Store } from "dynalite/db";
import { checkTypes, checkValidations } from "dynalite/validations";
import * as batchGetItemRules from "dynalite/validations/batchGetItem";
import * as batchWriteItemRules from "dynalite/validations/batchWriteItem";
import * as deleteItemRules from "dynalite/validations/deleteItem";
import * as getItemRules from "dynalite/validations/getItem";
import * as putItemRules from "dynalite/validations/putItem";
import * as queryRules from "dynalite/validations/query";
import type { OpenStore } from "./embedded-commits";
import { batchWriteItem, deleteItem, putItem } from "./embedded-writes";

/** Each of these modules is a function: nothing in it has a name that could be imported. */
const load = createRequire(__filename);
type Action = (store: Store, request: Row, callback: Callback<Row>) => void;

interface Operation {
  readonly rules: { readonly types: unknown; readonly custom: unknown };
  readonly writes: boolean;
  readonly run: (store: OpenStore, request: Row) => Promise<Row>;
}

/** By the names the SDK sends; what is not here, nobody uses. */
const operations: Readonly<Record<string, Operation>> = {
  GetItem: { rules: getItemRules, writes: false, run: promised(load("dynalite/actions/getItem") as Action) },
  BatchGetItem: {
    rules: batchGetItemRules,
    writes: false,
    run: promised(load("dynalite/actions/batchGetItem") as Action),
  },
  Query: { rules: queryRules, writes: false, run: promised(load("dynalite/actions/query") as Action) },
  PutItem: { rules: putItemRules, writes: true, run: putItem },
  DeleteItem: { rules: deleteItemRules, writes: true, run: deleteItem },
  BatchWriteItem: { rules: batchWriteItemRules, writes: true, run: batchWriteItem },
};

export interface Answer {
  readonly statusCode: number;
  readonly body: unknown;
}

export function isWrite(name: string): boolean {
  return operations[name]?.writes ?? false;
}

/** What DynamoDB would answer. Throws only when the store itself failed. */
export async function perform(store: OpenStore, name: string, request: Row): Promise<Answer> {
  const operation = operations[name];
  if (operation === undefined) return { statusCode: 400, body: { __type: "UnknownOperationException" } };
  const { types, custom } = operation.rules;
  try {
    const checked = checkTypes(request, types);
    checkValidations(checked, types, custom, store.dynalite);
    return { statusCode: 200, body: await operation.run(store, checked) };
  } catch (error) {
    if (isRefusal(error)) return error;
    throw error;
  }
}

/** Dynalite's errors are the answers themselves. */
function isRefusal(error: unknown): error is Error & Answer {
  return error instanceof Error && "statusCode" in error && "body" in error;
}

function promised(action: Action): Operation["run"] {
  return (store, request) =>
    new Promise((resolve, reject) => {
      action(store.dynalite, request, (error, answer) => (error ? reject(error) : resolve(answer ?? {})));
    });
}
