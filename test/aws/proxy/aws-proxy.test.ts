import {
  CreateFleetCommand,
  type CreateFleetRequest,
  CreateLaunchTemplateCommand,
  DescribeInstancesCommand,
  DescribeImagesCommand,
  DescribeSubnetsCommand,
  EC2Client,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { ListQueuesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { DeleteParameterCommand, DescribeParametersCommand, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { clientConfig, emptyMoto } from "../moto";
import { AwsProxy } from "./aws-proxy";
import type { Door } from "./door";

let moto: string;
let direct: EC2Client;
let subnets: readonly string[];
let ami: string;
beforeAll(async () => {
  moto = await emptyMoto();
  direct = new EC2Client(clientConfig(moto));
  const { Subnets = [] } = await direct.send(new DescribeSubnetsCommand({}));
  subnets = Subnets.flatMap(({ SubnetId }) => SubnetId ?? []);
  const { Images = [] } = await direct.send(new DescribeImagesCommand({}));
  ami = Images[0]?.ImageId ?? "";
  for (const [LaunchTemplateName, ImageId] of Object.entries({ plain: ami, pointed: "resolve:ssm:/images/ci" }))
    await direct.send(
      new CreateLaunchTemplateCommand({
        LaunchTemplateName,
        LaunchTemplateData: { ImageId, InstanceType: "m7i.large" },
      }),
    );
});

let now = 0;
let proxy: AwsProxy;
let door: Door;
let ec2: EC2Client;
beforeEach(async () => {
  proxy = AwsProxy.start(moto, { now: () => now });
  door = await proxy.open("test");
  ec2 = new EC2Client(clientConfig(door.url));
});
afterEach(() => proxy.stop());

let tokens = 0;
interface Wanted {
  readonly count?: number;
  readonly market?: "spot" | "on-demand";
  readonly token?: string;
  readonly template?: string;
  readonly types?: readonly string[];
}

function fleetOf({ count = 1, market = "spot", token, template = "plain", types = ["m7i.large"] }: Wanted) {
  const Overrides = types.map((InstanceType) => ({ InstanceType, SubnetId: subnets[0] }));
  const LaunchTemplateSpecification = { LaunchTemplateName: template, Version: "$Default" };
  return new CreateFleetCommand({
    Type: "instant",
    ClientToken: token ?? `token-${++tokens}`,
    LaunchTemplateConfigs: [{ LaunchTemplateSpecification, Overrides }],
    TargetCapacitySpecification: { TotalTargetCapacity: count, DefaultTargetCapacityType: market },
  } as CreateFleetRequest);
}

async function create(wanted: Wanted = {}) {
  const { Instances = [], Errors = [] } = await ec2.send(fleetOf(wanted));
  const made = Instances.flatMap(({ InstanceIds = [] }) => InstanceIds);
  return { made, errors: Errors };
}

const everything = async (client: EC2Client) =>
  ((await client.send(new DescribeInstancesCommand({}))).Reservations ?? []).flatMap(({ Instances = [] }) => Instances);
const idsOf = async (client: EC2Client) => (await everything(client)).map(({ InstanceId = "" }) => InstanceId);

describe("a client token", () => {
  it("answers the same call with the same machines, also when the first answer was lost", async () => {
    const token = "the-same";
    proxy.upset({ action: "CreateFleet", how: "lose" });
    await expect(create({ token, count: 2 })).rejects.toThrow();
    const first = await create({ token, count: 2 });
    expect(await create({ token, count: 2 })).toEqual(first);
    expect([...proxy.machines.made.keys()]).toEqual(first.made);
    expect(first.made).toHaveLength(2);
  });

  it("makes one fleet of two calls at once", async () => {
    const [one, two] = await Promise.all([create({ token: "at-once" }), create({ token: "at-once" })]);
    expect(two).toEqual(one);
    expect(proxy.machines.made.size).toBe(1);
  });

  it("refuses other words, and what has terminated since", async () => {
    const { made } = await create({ token: "used" });
    await expect(create({ token: "used", count: 2 })).rejects.toMatchObject({ name: "IdempotentParameterMismatch" });
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: made }));
    await expect(create({ token: "used" })).rejects.toMatchObject({ name: "IdempotentInstanceTerminated" });
  });

  it("is still good after a call that was refused", async () => {
    proxy.walls.set("spot", 1);
    await expect(create({ token: "again" })).rejects.toMatchObject({ name: "MaxSpotInstanceCountExceeded" });
    expect((await create({ token: "again" })).made).toHaveLength(1);
  });
});

describe("an image by parameter", () => {
  const ssm = () => new SSMClient(clientConfig(moto));
  const point = (Value: string) =>
    ssm().send(new PutParameterCommand({ Name: "/images/ci", Value, Type: "String", Overwrite: true }));

  it("is the parameter's at each launch", async () => {
    await point(ami);
    const [one = ""] = (await create({ template: "pointed" })).made;
    await point("ami-0123456789abcdef0");
    const [two = ""] = (await create({ template: "pointed" })).made;
    const images = new Map((await everything(direct)).map(({ InstanceId, ImageId }) => [InstanceId, ImageId]));
    expect([images.get(one), images.get(two)]).toEqual([ami, "ami-0123456789abcdef0"]);
  });

  it.each(["no-image", "gone"])("is refused when the parameter says %s", async (value) => {
    await point(value);
    if (value === "gone") await ssm().send(new DeleteParameterCommand({ Name: "/images/ci" }));
    await expect(create({ template: "pointed" })).rejects.toMatchObject({ name: "InvalidParameterValue" });
    expect(proxy.machines.made.size).toBe(0);
  });
});

describe("what AWS has not", () => {
  const lacking = (type: string) => ({
    ErrorCode: "InsufficientInstanceCapacity",
    Lifecycle: "spot",
    LaunchTemplateAndOverrides: { Overrides: { InstanceType: type, SubnetId: subnets[0] } },
  });

  it("comes from the next pool, with a row for the first", async () => {
    proxy.rooms.set({ type: "m7i.large", room: 1 });
    const { made, errors } = await create({ count: 3, types: ["m7i.large", "m7a.large"] });
    expect(made).toHaveLength(3);
    expect(errors).toMatchObject([lacking("m7i.large")]);
    expect([...proxy.machines.made.values()].map(({ type }) => type)).toEqual(["m7i.large", "m7a.large", "m7a.large"]);
  });

  it("is missing where no pool has it, a row for each", async () => {
    proxy.rooms.set({ market: "spot", room: 1 });
    const { made, errors } = await create({ count: 3, types: ["m7i.large", "m7a.large"] });
    expect(made).toHaveLength(1);
    expect(errors).toMatchObject([lacking("m7i.large"), lacking("m7a.large")]);
    expect(await idsOf(direct)).toEqual(expect.arrayContaining(made));
    expect((await create({ market: "on-demand" })).errors).toEqual([]);
  });

  it("is said once and for all when the account may not have more", async () => {
    proxy.walls.set("on-demand", 1);
    await expect(create({ market: "on-demand" })).rejects.toMatchObject({
      name: "VcpuLimitExceeded",
      message: expect.stringContaining("vCPU limit") as string,
      $metadata: { httpStatusCode: 400 },
    });
    expect((await create({ market: "on-demand" })).made).toHaveLength(1);
  });
});

describe("listings", () => {
  it("show a machine once it is old enough, and do not know its id before", async () => {
    proxy.lagMs = 1_000;
    const { made } = await create({ count: 2 });
    const named = new DescribeInstancesCommand({ InstanceIds: made });
    expect(await idsOf(ec2)).not.toEqual(expect.arrayContaining(made));
    expect(await idsOf(direct)).toEqual(expect.arrayContaining(made));
    await expect(ec2.send(named)).rejects.toMatchObject({ name: "InvalidInstanceID.NotFound" });
    now += 1_000;
    expect(await idsOf(ec2)).toEqual(await idsOf(direct));
    expect((await ec2.send(named)).Reservations).not.toEqual([]);
  });

  it("show others meanwhile", async () => {
    const before = await idsOf(direct);
    proxy.lagMs = 1_000;
    await create({ count: 3 });
    expect(await idsOf(ec2)).toEqual(before);
  });
});

describe("calls", () => {
  it("are refused as too many, as each service says it, so often as told", async () => {
    const ddb = new DynamoDBClient(clientConfig(door.url));
    proxy.upset({ service: "dynamodb", how: "throttle", times: 2 });
    proxy.upset({ action: "DescribeInstances", how: "throttle" });
    for (let n = 0; n < 2; n++)
      await expect(ddb.send(new ListTablesCommand({}))).rejects.toMatchObject({ name: "ThrottlingException" });
    await ddb.send(new ListTablesCommand({}));
    await expect(idsOf(ec2)).rejects.toMatchObject({
      name: "RequestLimitExceeded",
      $metadata: { httpStatusCode: 503 },
    });
    await idsOf(ec2);
  });

  it("that are cut off were not made; those whose answer is lost were", async () => {
    proxy.upset({ action: "CreateFleet", how: "cut" });
    await expect(create({})).rejects.toThrow();
    expect(proxy.machines.made.size).toBe(0);
    proxy.upset({ action: "CreateFleet", how: "lose" });
    await expect(create({})).rejects.toThrow();
    expect(await idsOf(direct)).toEqual(expect.arrayContaining([...proxy.machines.made.keys()]));
    expect(proxy.machines.made.size).toBe(1);
  });

  it("that are held begin when they are let go", async () => {
    proxy.upset({ action: "CreateFleet", how: "hold" });
    const creating = create({});
    await idsOf(ec2);
    expect(proxy.machines.made.size).toBe(0);
    proxy.release();
    expect((await creating).made).toHaveLength(1);
  });

  it("are counted by service, action and caller", async () => {
    const other = await proxy.open("other");
    const s3 = new S3Client({ ...clientConfig(other.url), forcePathStyle: true });
    const CreateBucketConfiguration = { LocationConstraint: "eu-west-1" } as const;
    await s3.send(new CreateBucketCommand({ Bucket: "counted", CreateBucketConfiguration }));
    await s3.send(new PutObjectCommand({ Bucket: "counted", Key: "a/b c", Body: "text" }));
    await new DynamoDBClient(clientConfig(other.url)).send(new ListTablesCommand({}));
    await new SQSClient(clientConfig(other.url)).send(new ListQueuesCommand({}));
    await new SSMClient(clientConfig(other.url)).send(new DescribeParametersCommand({}));
    await idsOf(ec2);
    expect(proxy.calls.all.map(({ caller, service, action }) => `${caller} ${service} ${action}`)).toEqual([
      "other s3 PUT Bucket",
      "other s3 PUT Object",
      "other dynamodb ListTables",
      "other sqs ListQueues",
      "other ssm DescribeParameters",
      "test ec2 DescribeInstances",
    ]);
    expect(proxy.calls.count({ caller: "other" })).toBe(5);
  });
});

describe("a caller that dies", () => {
  it.each(["before", "after"] as const)("%s its second call makes no third one, and others go on", async (when) => {
    const other = new EC2Client(clientConfig((await proxy.open("other")).url));
    door.dieAt({ at: 2, when });
    await idsOf(ec2);
    const heard = jest.fn();
    create({}).then(heard, () => undefined);
    expect(await door.died).toMatchObject({ caller: "test", action: "CreateFleet" });
    expect(proxy.machines.made.size).toBe(when === "after" ? 1 : 0);
    idsOf(ec2).then(heard, () => undefined);
    await idsOf(other);
    expect(door.passed).toHaveLength(2);
    expect(heard).not.toHaveBeenCalled();
  });
});

describe("machines", () => {
  it("are told of when they are made and when they end, once", async () => {
    const heard: string[] = [];
    proxy.machines.onMade = ({ id, market, type, subnet }) => heard.push(`made ${id} ${market} ${type} ${subnet}`);
    proxy.machines.onEnded = (id) => heard.push(`ended ${id}`);
    const { made } = await create({ market: "on-demand", token: "told" });
    await create({ market: "on-demand", token: "told" });
    for (let n = 0; n < 2; n++) await ec2.send(new TerminateInstancesCommand({ InstanceIds: made }));
    expect(heard).toEqual([`made ${made[0]} on-demand m7i.large ${subnets[0]}`, `ended ${made[0]}`]);
  });
});
