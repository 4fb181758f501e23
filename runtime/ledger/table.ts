/**
 * The ledger's table: plain data, from which both the embedded store and the deployed table are made.
 *
 * | item | pk | sk |
 * |---|---|---|
 * | job | `PROFILE#<profile>`, `PROFILE#` when none fits | `JOB#<key>` |
 * | runner | `PROFILE#<profile>` | `RUNNER#<id>` |
 * | planner of a profile | `PROFILE#<profile>` | `PLANNER` |
 * | name of a profile that was ever planned | `PROFILES` | `<profile>` |
 * | fleet, schema version | `FLEET`, `SCHEMA` | the same |
 * | enrolment | `ENROLMENT#<runner>` | `ENROLMENT` |
 * | note | `NOTE#<name>`; secrets: `SECRET#…` | `NOTE` |
 */
export interface IndexDefinition {
  readonly name: string;
  /** Local indexes share the table's hash key and can be read consistently. */
  readonly scope: "local" | "global";
  readonly hashKey: string;
  readonly rangeKey: string | null;
  /** What an entry holds besides keys. */
  readonly projection: "all" | "keys" | readonly string[];
}

export interface TableDefinition {
  readonly hashKey: string;
  readonly rangeKey: string | null;
  /** Every attribute that is part of a key: S text, N number. */
  readonly attributes: Readonly<Record<string, "S" | "N">>;
  readonly indexes: readonly IndexDefinition[];
  /** Attribute with the second an item may be removed; `null`: never. */
  readonly ttlAttribute: string | null;
}

/** All four are sparse: an item is in an index only while it carries the index's keys. */
export const ledgerTable = {
  hashKey: "pk",
  rangeKey: "sk",
  attributes: { pk: "S", sk: "S", live: "S", due: "S", dueAt: "N", lowerId: "S", recent: "S", recentAt: "S" },
  indexes: [
    // What a plan needs: planner, jobs not final, runners not gone. Local, because a cap must not be read stale.
    { name: "live", scope: "local", hashKey: "pk", rangeKey: "live", projection: "all" },
    // What is overdue, and what is old enough to be removed.
    { name: "deadlines", scope: "global", hashKey: "due", rangeKey: "dueAt", projection: "keys" },
    { name: "byId", scope: "global", hashKey: "lowerId", rangeKey: null, projection: "keys" },
    // Newest first. It holds what lists filter by, not the record: that would be paid again with every write.
    {
      name: "recent",
      scope: "global",
      hashKey: "recent",
      rangeKey: "recentAt",
      projection: ["state", "source", "profile", "lowerId", "lowerKey"],
    },
  ],
  ttlAttribute: "expiresAt",
} as const satisfies TableDefinition;

export type IndexName = (typeof ledgerTable)["indexes"][number]["name"];
