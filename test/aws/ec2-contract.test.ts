/** The contract of all computes, on AWS's wire protocol: moto, and the proxy for the client tokens that moto lacks. */
import {
  CreateLaunchTemplateCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeSubnetsCommand,
  EC2Client,
  StopInstancesCommand,
} from "@aws-sdk/client-ec2";
import { runnerOf } from "../../runtime/compute/ec2/instances";
import { ec2Compute } from "../../runtime/compute/ec2";
import type { Compute } from "../../runtime/core/ports";
import { nodeRandom, systemClock } from "../../runtime/entry/host/node-random";
import { ec2Profile, facts, memoryLog } from "../compute/ec2/ec2-world";
import { computeContract, type ComputeWorld } from "../contract/compute.contract";
import { useMoto } from "./fleet-world";
import { clientConfig } from "./moto";
import { useEc2 } from "./use-ec2";

const url = useMoto();
const ec2 = useEc2(url);

async function motoWorld(): Promise<ComputeWorld> {
  const client = new EC2Client(clientConfig(ec2().door.url));
  const fleet = `f-${nodeRandom.id(8)}`;
  const LaunchTemplateName = `onejob-${fleet}-small`;
  const [{ Subnets = [] }, { Images = [] }] = await Promise.all([
    client.send(new DescribeSubnetsCommand({})),
    client.send(new DescribeImagesCommand({})),
  ]);
  const LaunchTemplateData = { ImageId: Images[0]?.ImageId, InstanceType: "m7i.large" } as const;
  await client.send(new CreateLaunchTemplateCommand({ LaunchTemplateName, LaunchTemplateData }));
  const subnets = Subnets.flatMap(({ SubnetId }) => SubnetId ?? []);
  const machines = { small: { launchTemplate: LaunchTemplateName, subnets, roleId: "AROA" } };
  const made = (): Compute => {
    const compute = ec2Compute({
      facts: { ...facts, fleet, machines },
      settings: () => ({ profiles: [ec2Profile("small")] }),
      clients: { ec2: client },
      clock: systemClock,
      random: nodeRandom,
      log: memoryLog(),
      region: "eu-west-1",
      pause: () => Promise.resolve(),
    });
    // A launch has a token of its own, and the contract's launches are all named alike.
    const launch: Compute["launch"] = (wanted) => compute.launch({ ...wanted, token: `${fleet}/${wanted.token}` });
    return { ...compute, launch };
  };
  /** Whatever became of them. */
  const instancesOf = async (runner: string): Promise<readonly string[]> => {
    const Filters = [{ Name: "tag:onejob:fleet", Values: [fleet] }];
    const { Reservations = [] } = await client.send(new DescribeInstancesCommand({ Filters }));
    const found = Reservations.flatMap(({ Instances = [] }) => Instances);
    return found.flatMap(({ InstanceId: id = "", Tags = [] }) => {
      const tags = Object.fromEntries(Tags.map(({ Key = "", Value = "" }) => [Key, Value]));
      return runnerOf({ id, tags }) === runner ? [id] : [];
    });
  };
  return {
    compute: made(),
    profile: "small",
    bootToken: (runner) => `boot.${runner}`,
    handsOutNoTokens: true,
    starts: async (runner) => (await instancesOf(runner)).length,
    kill: async (runner) => {
      await client.send(new StopInstancesCommand({ InstanceIds: [...(await instancesOf(runner))] }));
    },
    restart: () => Promise.resolve(made()),
    // Moto shows at once what was made.
    settle: () => Promise.resolve(),
    close: () => Promise.resolve(client.destroy()),
  };
}

computeContract("ec2 over moto", motoWorld);
