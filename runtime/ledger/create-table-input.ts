/** A table definition in the words of the DynamoDB API. */
import type { CreateTableCommandInput, KeySchemaElement, Projection } from "@aws-sdk/client-dynamodb";
import type { IndexDefinition, TableDefinition } from "./table";

export function createTableInput(name: string, table: TableDefinition): CreateTableCommandInput {
  const locals = table.indexes.filter((index) => index.scope === "local").map(describe);
  const globals = table.indexes.filter((index) => index.scope === "global").map(describe);
  return {
    TableName: name,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: Object.entries(table.attributes).map(([attribute, type]) => ({
      AttributeName: attribute,
      AttributeType: type,
    })),
    KeySchema: keySchema(table),
    // An empty list is refused.
    ...(locals.length > 0 ? { LocalSecondaryIndexes: locals } : {}),
    ...(globals.length > 0 ? { GlobalSecondaryIndexes: globals } : {}),
  };
}

function describe(index: IndexDefinition) {
  return { IndexName: index.name, KeySchema: keySchema(index), Projection: projection(index.projection) };
}

function keySchema(keys: { readonly hashKey: string; readonly rangeKey: string | null }): KeySchemaElement[] {
  const hash: KeySchemaElement = { AttributeName: keys.hashKey, KeyType: "HASH" };
  return keys.rangeKey === null ? [hash] : [hash, { AttributeName: keys.rangeKey, KeyType: "RANGE" }];
}

function projection(wanted: IndexDefinition["projection"]): Projection {
  if (wanted === "all") return { ProjectionType: "ALL" };
  if (wanted === "keys") return { ProjectionType: "KEYS_ONLY" };
  return { ProjectionType: "INCLUDE", NonKeyAttributes: [...wanted] };
}
