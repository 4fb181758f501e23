/** The compute against moto, which knows EC2's protocol and models better than any fake of ours. */
import {
  CreateLaunchTemplateCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeSubnetsCommand,
  DescribeVolumesCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import { type Ec2Options, ec2Compute } from "../../runtime/compute/ec2";
import type { FleetFacts } from "../../runtime/core/fleet-facts";
import { ec2Profile, facts, memoryLog, requestFor } from "../compute/ec2/ec2-world";
import { clientConfig, emptyMoto } from "./moto";

const region = "eu-west-1";
let client: EC2Client;
let fleet: FleetFacts;

beforeAll(async () => {
  client = new EC2Client(clientConfig(await emptyMoto()));
  const [{ Subnets = [] }, { Images = [] }] = await Promise.all([
    client.send(new DescribeSubnetsCommand({})),
    client.send(new DescribeImagesCommand({})),
  ]);
  const subnets = Subnets.flatMap(({ SubnetId }) => SubnetId ?? []);
  const [ImageId] = Images.flatMap((image) => image.ImageId ?? []);
  const LaunchTemplateData = { ImageId, InstanceType: "m7i.large" } as const;
  const LaunchTemplateName = "onejob-ci-small";
  await client.send(new CreateLaunchTemplateCommand({ LaunchTemplateName, LaunchTemplateData }));
  fleet = { ...facts, machines: { small: { launchTemplate: LaunchTemplateName, subnets, roleId: "AROA" } } };
}, 60_000);

afterAll(() => client.destroy());

function optionsWith(spot: "preferred" | "never"): Ec2Options {
  return {
    facts: fleet,
    settings: () => ({ profiles: [ec2Profile("small", { spot })] }),
    clients: { ec2: client },
    clock: { now: () => Date.now() },
    random: { fraction: () => 0.5 },
    log: memoryLog(),
    region,
  };
}

const computeWith = (spot: "preferred" | "never") => ec2Compute(optionsWith(spot));

const request = (launch: string, ...runners: readonly string[]) => ({
  ...requestFor("small", runners),
  ...{ launch, token: launch },
});

describe("the compute ec2 over moto", () => {
  it.each(["never", "preferred"] as const)(
    "makes machines with spot %s, lists them by runner, ends them, and lists nothing",
    async (spot) => {
      const compute = computeWith(spot);
      const outcomes = await compute.launch(request(`launch-${spot}`, "r1", "r2", "r3"));
      expect(outcomes.map(({ runner, outcome }) => `${runner} ${outcome}`)).toEqual([
        "r1 launched",
        "r2 launched",
        "r3 launched",
      ]);
      const machines = outcomes.flatMap((outcome) => (outcome.outcome === "launched" ? [outcome] : []));
      const listed = [...(await compute.list())].sort((a, b) => a.runner.localeCompare(b.runner));
      expect(listed).toEqual(
        machines.map(({ runner, machine }) => ({ runner, machine, launch: `launch-${spot}`, alive: true })),
      );
      await compute.terminate(machines.map(({ machine }) => machine));
      expect(await compute.list()).toEqual([]);
    },
  );

  it("tags what it makes, and a machine made alone with its runner at once", async () => {
    const compute = computeWith("never");
    const [outcome] = await compute.launch(request("launch-alone", "r4"));
    if (outcome?.outcome !== "launched") throw new Error("not launched");
    const InstanceIds = [outcome.machine];
    const { Reservations = [] } = await client.send(new DescribeInstancesCommand({ InstanceIds }));
    const tags = Reservations[0]?.Instances?.[0]?.Tags ?? [];
    expect(tags).toEqual(
      expect.arrayContaining([
        { Key: "onejob:fleet", Value: "ci" },
        { Key: "onejob:owner", Value: "onejob" },
        { Key: "onejob:profile", Value: "small" },
        { Key: "onejob:launch", Value: "launch-alone" },
        { Key: "onejob:runner", Value: "r4" },
      ]),
    );
    await compute.terminate([outcome.machine]);
    const filter = { Name: "attachment.instance-id", Values: InstanceIds };
    expect((await client.send(new DescribeVolumesCommand({ Filters: [filter] }))).Volumes).toEqual([]);
  });

  it("does not fail for all because of one that was never there", async () => {
    const compute = computeWith("never");
    const [outcome] = await compute.launch(request("launch-gone", "r5"));
    if (outcome?.outcome !== "launched") throw new Error("not launched");
    await compute.terminate([outcome.machine, "i-0123456789abcdef0"]);
    expect(await compute.list()).toEqual([]);
  }, 20_000);

  it("says misconfigured, with AWS's own words, when its launch template is not there", async () => {
    const { small } = fleet.machines;
    const elsewhere = {
      ...fleet,
      machines: { small: { ...small, launchTemplate: "onejob-ci-nowhere" } },
    } as FleetFacts;
    const compute = ec2Compute({ ...optionsWith("never"), facts: elsewhere });
    const [outcome] = await compute.launch(request("launch-nowhere", "r6"));
    expect(outcome).toMatchObject({ outcome: "misconfigured" });
    expect(outcome).toMatchObject({ detail: expect.stringContaining("InvalidLaunchTemplateName") as string });
  });
});
