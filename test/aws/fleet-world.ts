/** A fleet as a deployment leaves it, in moto: table, queue, bucket, settings, secrets. */
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { CreateLaunchTemplateCommand, DescribeSubnetsCommand, EC2Client } from "@aws-sdk/client-ec2";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { CreateQueueCommand, SQSClient } from "@aws-sdk/client-sqs";
import { DeleteParameterCommand, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import type { Job } from "../../runtime/core/model";
import { fleetFiles } from "../../runtime/entry/lambda/fleet-files";
import type { FleetFacts } from "../../runtime/core/fleet-facts";
import type { Files, Message, Received } from "../../runtime/core/ports";
import { nodeRandom, systemClock } from "../../runtime/entry/host/node-random";
import { createTableInput } from "../../runtime/ledger/create-table-input";
import { dynamodbLedger } from "../../runtime/ledger/dynamodb-ledger";
import { ledgerTable } from "../../runtime/ledger/table";
import { sqsQueue, type SqsQueue } from "../../runtime/queue/sqs-queue";
import { awsEnvironment, clientConfig, emptyMoto } from "./moto";
import { EmbeddedTable } from "./proxy/embedded-table";

const log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
function nothing(): void {}

export const webhookSecret = "a webhook's secret";
export const secretName = (fleet: string): string => `/onejob/${fleet}/secrets/gh/webhook-secret`;

export const someBase = (fleet: string): object => ({
  version: 1,
  server: { maxWebhookBytes: 65_536 },
  sources: [
    {
      name: "gh",
      kind: "github",
      scopes: ["acme"],
      runnerGroup: "ci",
      auth: { token: { ssm: `/onejob/${fleet}/secrets/gh/token` } },
      webhookSecrets: [{ ssm: secretName(fleet) }],
      intake: "webhook",
    },
  ],
  sweep: { interval: "1m" },
  lease: { duration: "3m" },
});

const roleId = "AROATEST";

export const someProfileEntry = { name: "small", labels: ["self-hosted", "linux"], compute: { kind: "ec2" } };

/** Who answers for the table. @default moto */
export type TableKind = "moto" | "embedded";

export class FleetWorld {
  readonly facts: FleetFacts;
  /** Where it is not moto's. */
  readonly table: EmbeddedTable | undefined;
  readonly sqs: SQSClient;
  readonly ssm: SSMClient;
  readonly queue: SqsQueue;
  readonly ledger: ReturnType<typeof dynamodbLedger>;

  private constructor(url: string, facts: FleetFacts, table?: EmbeddedTable) {
    this.facts = facts;
    this.table = table;
    // Tried again, as by Lambda: what is received and not heard of stays hidden for minutes.
    this.sqs = new SQSClient({ ...clientConfig(url), maxAttempts: 3 });
    this.ssm = new SSMClient(clientConfig(url));
    this.queue = sqsQueue({ client: this.sqs, queueUrl: facts.queueUrl, log });
    const client = table?.client ?? new DynamoDBClient(clientConfig(url));
    const retentionMs = (): number => 86_400_000;
    this.ledger = dynamodbLedger({ client, table: facts.table, clock: systemClock, random: nodeRandom, retentionMs });
  }

  /** A fleet of its own, so that suites' tests have nothing in common but the server. */
  static async deploy(url: string, tableKind: TableKind = "moto"): Promise<FleetWorld> {
    const fleet = `f-${nodeRandom.id(8)}`;
    const bare = clientConfig(url);
    const { QueueUrl = "" } = await new SQSClient(bare).send(new CreateQueueCommand({ QueueName: fleet }));
    const launchTemplate = `onejob-${fleet}-small`;
    const machines = { small: { launchTemplate, subnets: await declareMachines(fleet, launchTemplate, bare), roleId } };
    const facts: FleetFacts = {
      ...{ fleet, table: fleet, queueUrl: QueueUrl, bucket: fleet, machines },
      settingsPath: `/onejob/${fleet}/settings`,
      accountId: "123456789012",
    };
    const table = tableKind === "embedded" ? await EmbeddedTable.open(fleet) : undefined;
    const world = new FleetWorld(url, facts, table);
    if (table === undefined)
      await new DynamoDBClient(bare).send(new CreateTableCommand(createTableInput(fleet, ledgerTable)));
    await new S3Client({ ...bare, forcePathStyle: true }).send(
      new CreateBucketCommand({ Bucket: fleet, CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } }),
    );
    await world.settings(someBase(fleet));
    await world.profile(someProfileEntry);
    await world.secret(secretName(fleet), webhookSecret);
    return world;
  }

  settings(base: unknown): Promise<void> {
    return this.parameter(`${this.facts.settingsPath}/base`, typeof base === "string" ? base : JSON.stringify(base));
  }

  profile(entry: { readonly name: string }): Promise<void> {
    return this.parameter(`${this.facts.settingsPath}/profiles/${entry.name}`, JSON.stringify(entry));
  }

  async secret(name: string, value: string): Promise<void> {
    await this.ssm.send(new PutParameterCommand({ Name: name, Value: value, Type: "SecureString", Overwrite: true }));
  }

  /** As it stands in the ledger. */
  job(key: string): Promise<Job | undefined> {
    return this.ledger.readJob(key);
  }

  files(): Files {
    return fleetFiles(this.facts);
  }

  async dropParameter(name: string): Promise<void> {
    await this.ssm.send(new DeleteParameterCommand({ Name: name }));
  }

  /** What stands on the queue now, taken off it. */
  async messages(): Promise<readonly Message[]> {
    const received: Received[] = [...(await this.queue.receive(100, 0))];
    await Promise.all(received.map(({ id }) => this.queue.done(id)));
    return received.map(({ message }) => message);
  }

  private async parameter(name: string, value: string): Promise<void> {
    await this.ssm.send(new PutParameterCommand({ Name: name, Value: value, Type: "String", Overwrite: true }));
  }
}

/** Its image is found by parameter, as a deployment has it. Answers the subnets. */
async function declareMachines(
  fleet: string,
  LaunchTemplateName: string,
  bare: ReturnType<typeof clientConfig>,
): Promise<readonly string[]> {
  const ec2 = new EC2Client(bare);
  const Name = `/imagebuilder/onejob/${fleet}/linux-x64`;
  const put = new PutParameterCommand({ Name, Value: "ami-0123456789abcdef0", Type: "String" });
  const LaunchTemplateData = { ImageId: `resolve:ssm:${Name}` };
  const [{ Subnets = [] }] = await Promise.all([
    ec2.send(new DescribeSubnetsCommand({})),
    new SSMClient(bare).send(put),
    ec2.send(new CreateLaunchTemplateCommand({ LaunchTemplateName, LaunchTemplateData })),
  ]);
  return Subnets.flatMap(({ SubnetId }) => SubnetId ?? []);
}

/** An empty server for all tests of a file; the functions find it by the environment. */
export function useMoto(): () => string {
  let url: string | undefined;
  const before = { ...process.env };
  beforeAll(async () => {
    url = await emptyMoto();
    Object.assign(process.env, awsEnvironment(url));
  });
  afterAll(() => {
    process.env = before;
  });
  return () => {
    if (url === undefined) throw new Error("moto is not empty yet");
    return url;
  };
}
