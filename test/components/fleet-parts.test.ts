/** The functions, stores and settings of a fleet, as declared. */
import { findBundles } from "../../components/bundles";
import { functionNames, functionShapes } from "../../components/function-names";
import { ledgerTable } from "../../runtime/ledger/table";
import type { Graph } from "../fixtures/pulumi-graph";
import { ofType, one } from "../fixtures/pulumi-graph";
import { graphOf } from "./declared-fleets";

describe("a function of a fleet", () => {
  it.each(functionNames)("%s has its own role and log group, and what fits it", async (role) => {
    const graph = await graphOf("smallest");
    const { inputs, dependencies } = one(graph, "Function", `ci-functions-${role}`);
    const { memoryMiB, timeoutSeconds } = functionShapes[role];
    expect(inputs).toMatchObject({
      runtime: "nodejs24.x",
      architectures: ["arm64"],
      handler: "__index.handler",
      memorySize: memoryMiB,
      timeout: timeoutSeconds,
      role: `arn:aws:iam::123456789012:role/ci-functions-${role}-1a2b3c`,
      loggingConfig: { logFormat: "JSON", logGroup: `/onejob/ci-dev/${role}` },
    });
    expect(one(graph, "LogGroup", `ci-functions-${role}`).inputs["retentionInDays"]).toBe(14);
    const needed = dependencies.filter((urn) => /RolePolicy|LogGroup/.test(urn)).map((urn) => urn.split("::").at(-1));
    expect(needed).toEqual([`ci-functions-${role}`, `ci-functions-${role}`]);
  });

  it("does not wait for a launch template, whose user data holds the address of one", async () => {
    const graph = await graphOf("everything");
    const waiting = ofType(graph, "Function").filter(({ dependencies }) =>
      dependencies.join().includes("LaunchTemplate"),
    );
    expect(waiting).toEqual([]);
    expect(
      ofType(graph, "LaunchTemplate")
        .map(({ inputs }) => inputs["name"])
        .sort(),
    ).toEqual([...["onejob-ci-arm", "onejob-ci-deploy", "onejob-ci-fixed", "onejob-ci-small"]]);
  });

  it("is bounded in number only where strangers can call it, and only on request", async () => {
    const bounded = (graph: Graph) =>
      ofType(graph, "Function").flatMap(({ name, inputs }) =>
        inputs["reservedConcurrentExecutions"] === undefined ? [] : [[name, inputs["reservedConcurrentExecutions"]]],
      );
    expect(bounded(await graphOf("smallest"))).toEqual([]);
    expect(bounded(await graphOf("everything")).sort()).toEqual([
      ["ci-functions-agent", 20],
      ["ci-functions-webhook", 20],
    ]);
  });

  it("reads the queue in batches of ten at once, and answers for each message", async () => {
    const graph = await graphOf("smallest");
    expect(one(graph, "EventSourceMapping", "ci-functions-work").inputs).toMatchObject({
      batchSize: 10,
      maximumBatchingWindowInSeconds: 0,
      functionResponseTypes: ["ReportBatchItemFailures"],
      scalingConfig: { maximumConcurrency: 5 },
    });
  });
});

describe("the stores of a fleet", () => {
  it("are a queue that waits six times as long as work may take, and gives up after ten tries", async () => {
    const graph = await graphOf("smallest");
    const queue = one(graph, "Queue", "ci-queue").inputs;
    expect(queue).toMatchObject({ visibilityTimeoutSeconds: 360, sqsManagedSseEnabled: true });
    const { redrivePolicy } = one(graph, "RedrivePolicy", "ci-queue").inputs;
    expect(JSON.parse(String(redrivePolicy))).toEqual({
      deadLetterTargetArn: "arn:aws:sqs:eu-central-1:123456789012:ci-queue-dead-1a2b3c",
      maxReceiveCount: 10,
    });
  });

  it("are a table with the keys and indexes of the ledger", async () => {
    const { inputs } = one(await graphOf("smallest"), "Table", "ci-ledger");
    expect(inputs).toMatchObject({ hashKey: "pk", rangeKey: "sk", billingMode: "PAY_PER_REQUEST" });
    const [locals, globals] = [inputs["localSecondaryIndexes"], inputs["globalSecondaryIndexes"]] as {
      name: string;
    }[][];
    expect([...(locals ?? []), ...(globals ?? [])].map(({ name }) => name)).toEqual(
      ledgerTable.indexes.map(({ name }) => name),
    );
    expect(globals?.[0]).toEqual({
      name: "deadlines",
      projectionType: "KEYS_ONLY",
      keySchemas: [
        { attributeName: "due", keyType: "HASH" },
        { attributeName: "dueAt", keyType: "RANGE" },
      ],
    });
    expect(inputs["ttl"]).toEqual({ attributeName: "expiresAt", enabled: true });
  });

  it("keep the agent of each deployment, which machines made just before the next one ask for", async () => {
    const { inputs } = one(await graphOf("smallest"), "BucketObjectv2", "ci-storage-agent");
    const { sha256 } = findBundles().agent;
    expect(inputs).toMatchObject({ key: `agents/${sha256}.js`, bucket: "ci-dev-0123" });
  });

  it("are a bucket that nobody else reads, and that forgets", async () => {
    const graph = await graphOf("smallest");
    expect(one(graph, "BucketPublicAccessBlock", "ci-storage").inputs).toMatchObject({ restrictPublicBuckets: true });
    const { rules } = one(graph, "BucketLifecycleConfiguration", "ci-storage").inputs as { rules: object[] };
    // Queued for 1 day, running 6.5 hours, then kept for 7; never as long as a forge's job may wait for an approval.
    const expiration = { days: 10 };
    expect(rules).toEqual([
      { id: "expire-logs", status: "Enabled", filter: { prefix: "logs/" }, expiration },
      { id: "expire-bundles", status: "Enabled", filter: { prefix: "bundles/" }, expiration },
      { id: "expire-uploads", status: "Enabled", filter: { prefix: "uploads/" }, expiration: { days: 1 } },
      {
        ...{ id: "abort-uploads", status: "Enabled", filter: { prefix: "" } },
        abortIncompleteMultipartUpload: { daysAfterInitiation: 1 },
      },
    ]);
  });

  it("are kept with protect, and leave nothing without", async () => {
    const kept = async (variant: string) => {
      const graph = await graphOf(variant);
      return ["Table", "Bucket"]
        .map((type) => ofType(graph, type)[0])
        .map((store) => [store?.protect, store?.retainOnDelete]);
    };
    expect(await kept("smallest")).toEqual([
      [false, false],
      [false, false],
    ]);
    expect(await kept("everything")).toEqual([
      [true, true],
      [true, true],
    ]);
    const [table] = ofType(await graphOf("everything"), "Table");
    expect(table?.inputs["deletionProtectionEnabled"]).toBe(true);
    const open = (await graphOf("smallest")).resources.filter(({ inputs }) => inputs["skipDestroy"] === true);
    expect(open).toEqual([]);
    expect(one(await graphOf("smallest"), "Bucket", "ci-storage").inputs["forceDestroy"]).toBe(true);
  });
});

describe("the settings of a fleet", () => {
  it("stand in SSM, one parameter for the fleet and one for each profile, readable in a preview", async () => {
    const graph = await graphOf("everything", "preview");
    const parameters = ofType(graph, "Parameter").filter(({ name }) => name.startsWith("ci-settings"));
    expect(parameters.map(({ inputs }) => inputs["name"])).toEqual([
      "/onejob/ci/settings/base",
      ...["small", "arm", "deploy", "fixed"].map((profile) => `/onejob/ci/settings/profiles/${profile}`),
    ]);
    const base: unknown = JSON.parse(String(parameters[0]?.inputs["insecureValue"]));
    expect(base).toMatchObject({
      version: 1,
      sweep: { interval: "5m" },
      lease: { duration: "3m" },
      sources: [
        {
          auth: { appId: 12_345, privateKey: { ssm: "/onejob/ci/secrets/gh/private-key" } },
          webhookSecrets: [{ ssm: "/onejob/ci/secrets/gh/webhook-secret" }],
          intake: "webhook",
        },
        { auth: { token: { ssm: "/acme/ghes-token" } } },
      ],
    });
    expect(base).not.toHaveProperty("profiles");
    expect(base).toMatchObject({ profileNames: ["small", "arm", "deploy", "fixed"] });
  });

  it("come after the functions, whose facts they speak of", async () => {
    const settings = ofType(await graphOf("smallest"), "Parameter").filter(({ name }) =>
      name.startsWith("ci-settings"),
    );
    for (const { dependencies } of settings) {
      const functions = dependencies.filter((urn) => urn.includes("aws:lambda/function:Function::"));
      expect(functions).toHaveLength(functionNames.length);
    }
    expect(settings).toHaveLength(2);
  });

  it("are told to the CLI with the fleet's addresses", async () => {
    const graph = await graphOf("smallest");
    const { inputs } = one(graph, "Parameter", "ci-facts");
    expect(inputs["name"]).toBe("/onejob/ci-dev/facts");
    const facts = JSON.parse(String(inputs["insecureValue"])) as object;
    // Of as many as there are profiles; the CLI has no use for them.
    expect(facts).not.toHaveProperty("machines");
    expect(facts).toMatchObject({
      fleet: "ci-dev",
      table: "ci-ledger-1a2b3c",
      settingsPath: "/onejob/ci-dev/settings",
      accountId: "123456789012",
      deadLetterQueueUrl: "https://sqs.eu-central-1.amazonaws.com/123456789012/ci-queue-dead-1a2b3c",
      urls: { api: "https://ci-ingress-api.lambda-url.eu-central-1.on.aws" },
    });
  });
});
