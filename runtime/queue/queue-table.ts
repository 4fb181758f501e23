/** The local queue's own table (shape: `TableDefinition`): all messages in one partition, so that one query loads them. */
export const queueTable = {
  hashKey: "pk",
  rangeKey: "id",
  attributes: { pk: "S", id: "S" },
  indexes: [],
  ttlAttribute: null,
} as const;
