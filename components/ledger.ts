/** The DynamoDB table that knows every job, launch and runner, made from the same definition as the embedded one. */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { IndexDefinition } from "../runtime/ledger/table";
import { ledgerTable } from "../runtime/ledger/table";
import type { Tags } from "./tags";

export interface LedgerArgs {
  /** Keeps the table, and backups of its last 35 days, whatever becomes of the stack. */
  readonly protect: boolean;
  readonly tags: Tags;
}

export class Ledger extends pulumi.ComponentResource {
  readonly tableName: pulumi.Output<string>;
  readonly tableArn: pulumi.Output<string>;

  constructor(name: string, { protect, tags }: LedgerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("onejob:index:Ledger", name, {}, opts);
    const table = new aws.dynamodb.Table(
      name,
      {
        billingMode: "PAY_PER_REQUEST",
        hashKey: ledgerTable.hashKey,
        rangeKey: ledgerTable.rangeKey,
        attributes: Object.entries(ledgerTable.attributes).map(([attribute, type]) => ({ name: attribute, type })),
        localSecondaryIndexes: indexesOf("local").map((index) => ({
          ...projected(index),
          rangeKey: index.rangeKey ?? "",
        })),
        globalSecondaryIndexes: indexesOf("global").map((index) => ({
          ...projected(index),
          keySchemas: keysOf(index),
        })),
        ttl: { attributeName: ledgerTable.ttlAttribute, enabled: true },
        serverSideEncryption: { enabled: false },
        pointInTimeRecovery: { enabled: protect },
        deletionProtectionEnabled: protect,
        tags,
      },
      { parent: this, protect, retainOnDelete: protect },
    );
    this.tableName = table.name;
    this.tableArn = table.arn;
    this.registerOutputs({ tableName: this.tableName });
  }
}

const indexesOf = (scope: IndexDefinition["scope"]): readonly IndexDefinition[] =>
  ledgerTable.indexes.filter((index) => index.scope === scope);

function projected({ name, projection }: IndexDefinition) {
  if (projection === "all") return { name, projectionType: "ALL" };
  if (projection === "keys") return { name, projectionType: "KEYS_ONLY" };
  return { name, projectionType: "INCLUDE", nonKeyAttributes: [...projection] };
}

function keysOf({ hashKey, rangeKey }: IndexDefinition) {
  const hash = { attributeName: hashKey, keyType: "HASH" };
  return rangeKey === null ? [hash] : [hash, { attributeName: rangeKey, keyType: "RANGE" }];
}
