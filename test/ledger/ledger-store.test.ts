import { join } from "node:path";
import type { Row } from "dynalite/db";
import type { Ledger } from "../../runtime/core/ports";
import { embeddedClient, type Perform } from "../../runtime/entry/local/store/embedded-client";
import { openEmbeddedLevel, type EmbeddedLevel } from "../../runtime/entry/local/store/embedded-level";
import { nodeRandom } from "../../runtime/entry/host/node-random";
import { createTableInput } from "../../runtime/ledger/create-table-input";
import { dynamodbLedger } from "../../runtime/ledger/dynamodb-ledger";
import { ledgerTable } from "../../runtime/ledger/table";
import { noon, someJob } from "../fixtures/records";
import { temporaryFolder } from "../fixtures/temporary-folder";

const table = "ledger";

describe("the ledger on DynamoDB", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let level: EmbeddedLevel;
  beforeEach(async () => {
    folder = await temporaryFolder();
    level = await openEmbeddedLevel({ folder: join(folder.path, "ledger"), tables: { [table]: ledgerTable } });
  });
  afterEach(async () => {
    await level.close();
    await folder.remove();
  });

  const ledgerOver = (perform: Perform): Ledger =>
    dynamodbLedger({
      client: embeddedClient(perform),
      table,
      clock: { now: () => noon },
      random: nodeRandom,
      retentionMs: () => 1000,
    });
  /** The item that a request names by its key, as the store holds it. */
  const itemOf = async (request: Row): Promise<unknown> => {
    const { pk, sk } = request["Item"] as Row;
    const answer = await level.perform("GetItem", { TableName: table, Key: { pk, sk }, ConsistentRead: true });
    return (answer.body as Row)["Item"];
  };

  it("counts a write as done whose answer was lost, when the client repeats it", async () => {
    const ledger = ledgerOver(async (operation, request) => {
      if (operation === "PutItem") await level.perform(operation, structuredClone(request));
      return level.perform(operation, request);
    });
    expect(await ledger.createJob(someJob())).toEqual({ written: true, record: someJob() });
    expect(await ledger.saveJob(someJob({ version: 2 }))).toMatchObject({ written: true });
    expect(await ledger.saveJob(someJob({ version: 2 }))).toMatchObject({ written: false });
  });

  it("answers the old image without another read where the store gives it", async () => {
    const operations: string[] = [];
    const ledger = ledgerOver(async (operation, request) => {
      operations.push(operation);
      const wanted = request["ReturnValuesOnConditionCheckFailure"] === "ALL_OLD";
      const answer = await level.perform(operation, structuredClone(request));
      if (answer.statusCode !== 400 || !wanted) return answer;
      return { ...answer, body: { ...(answer.body as Row), Item: await itemOf(request) } };
    });
    await ledger.createJob(someJob());
    expect(await ledger.createJob(someJob({ name: "other" }))).toEqual({ written: false, current: someJob() });
    expect(operations).toEqual(["PutItem", "PutItem"]);
  });

  it("reads a profile with one strongly consistent query", async () => {
    const requests: [string, Row][] = [];
    const ledger = ledgerOver((operation, request) => {
      requests.push([operation, request]);
      return level.perform(operation, request);
    });
    await ledger.readProfile("small");
    expect(requests).toMatchObject([["Query", { IndexName: "live", ConsistentRead: true }]]);
  });

  it.each<{ what: string; write: (ledger: Ledger) => Promise<unknown> }>([
    { what: "a job", write: (ledger) => ledger.createJob(someJob()) },
    { what: "the fleet", write: async (ledger) => ledger.saveFleet({ ...(await ledger.readFleet()), version: 1 }) },
    { what: "a note", write: (ledger) => ledger.remember("a", "b", noon + 1) },
    { what: "the end of an enrolment", write: (ledger) => ledger.dropEnrolment("r1") },
  ])("says that $what could not be stored, with the cause", async ({ write }) => {
    const ledger = ledgerOver((operation, request) =>
      operation === "GetItem" ? level.perform(operation, request) : Promise.reject(new Error("no space left")),
    );
    await expect(write(ledger)).rejects.toMatchObject({ code: "not-stored", cause: { message: "no space left" } });
  });

  it("puts no secret it remembers, and no enrolment, into an error", async () => {
    const ledger = ledgerOver(() => Promise.reject(new Error("no space left")));
    const failure = await ledger.remember("SECRET#key", "t0psecret", noon + 1).catch((error: unknown) => error);
    expect(String(failure)).toContain("SECRET#key");
    expect(String(failure)).not.toContain("t0psecret");
  });
});

describe("the ledger's table", () => {
  const input = createTableInput(table, ledgerTable);

  it("declares exactly the attributes that are part of a key", () => {
    const indexes = [...(input.LocalSecondaryIndexes ?? []), ...(input.GlobalSecondaryIndexes ?? [])];
    const schemas = [input, ...indexes].flatMap(({ KeySchema = [] }) => KeySchema.map((key) => key.AttributeName));
    const declared = (input.AttributeDefinitions ?? []).map((attribute) => attribute.AttributeName);
    expect([...declared].sort()).toEqual([...new Set(schemas)].sort());
  });

  it("has the live index local and whole, so that a plan reads it consistently and once", () => {
    expect(input.LocalSecondaryIndexes).toEqual([
      {
        IndexName: "live",
        KeySchema: [
          { AttributeName: "pk", KeyType: "HASH" },
          { AttributeName: "live", KeyType: "RANGE" },
        ],
        Projection: { ProjectionType: "ALL" },
      },
    ]);
  });
});
