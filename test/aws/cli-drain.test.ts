/** `onejob drain --all` against an EC2 that filters by tag as AWS documents it. */
import {
  CreateVolumeCommand,
  DescribeInstancesCommand,
  EC2Client,
  RunInstancesCommand,
  type ResourceType,
  type TagSpecification,
} from "@aws-sdk/client-ec2";
import { until } from "../cli/terminal";
import type { CliDesk } from "./cli-desk";
import { onDesk } from "./cli-desk";
import { useMoto } from "./fleet-world";
import { clientConfig } from "./moto";

const url = useMoto();
let desk: CliDesk;
onDesk(url, (made) => void (desk = made));

const kinds: readonly ResourceType[] = ["instance", "volume"];

/** As `CreateFleet` leaves them: everything tagged, and gone with the machine. */
async function launch(fleet: string): Promise<string> {
  const ec2 = new EC2Client(clientConfig(url()));
  const Tags = [
    { Key: "onejob:fleet", Value: fleet },
    { Key: "onejob:owner", Value: "onejob" },
  ];
  const { Instances: [made] = [] } = await ec2.send(
    new RunInstancesCommand({
      ...{ ImageId: "ami-12c6146b", MinCount: 1, MaxCount: 1 },
      TagSpecifications: kinds.map((ResourceType): TagSpecification => ({ ResourceType, Tags })),
      BlockDeviceMappings: [{ DeviceName: "/dev/sda1", Ebs: { VolumeSize: 8, DeleteOnTermination: true } }],
    }),
  );
  return made?.InstanceId ?? "";
}

async function stateOf(id: string): Promise<string | undefined> {
  const ec2 = new EC2Client(clientConfig(url()));
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
  return Reservations[0]?.Instances?.[0]?.State?.Name;
}

beforeEach(() => {
  desk.api.answers.set("GET /api/v1/runners", { items: [] });
  desk.api.answers.set("POST /api/v1/drain", { draining: true });
});

it("finds nothing of a fleet that has nothing, whatever another one has", async () => {
  const other = await launch("somebody-elses");
  const { code, out } = await desk.terminal.run("drain", "--all", "--now");
  expect([code, out]).toEqual([0, `no machine, volume or network interface of fleet ${desk.fleet} is left\n`]);
  expect(await stateOf(other)).toBe("running");
});

it("sees a machine and its volume by their tag, and with --now ends what the fleet leaves standing", async () => {
  desk.terminal.patience.endMs = 1;
  const machine = await launch(desk.fleet);
  const other = await launch("somebody-elses");
  const drained = desk.terminal.run("drain", "--all", "--now");
  await until(() => desk.terminal.said.includes("1 machine, 1 volume left"));
  expect((await drained).code).toBe(0);
  expect(desk.terminal.said).toContain(`the fleet did not end ${machine}`);
  expect(await stateOf(machine)).toBe("terminated");
  expect(await stateOf(other)).toBe("running");
});

it("is not done while a volume is left, and names it", async () => {
  const ec2 = new EC2Client(clientConfig(url()));
  const { VolumeId = "" } = await ec2.send(
    new CreateVolumeCommand({
      ...{ AvailabilityZone: "eu-west-1a", Size: 8 },
      TagSpecifications: [{ ResourceType: "volume", Tags: [{ Key: "onejob:fleet", Value: desk.fleet }] }],
    }),
  );
  const { code, out, err } = await desk.terminal.run("drain", "--all", "--timeout", "1ms", "--output", "json");
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({ empty: false, left: [{ kind: "volume", id: VolumeId, state: "available" }] });
  expect(err).toContain(`aws ec2 delete-volume --volume-id ${VolumeId}`);
});
