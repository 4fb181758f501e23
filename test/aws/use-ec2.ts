/** EC2 for all tests of a file: moto, behind the proxy, where the functions find it by the environment. */
import {
  CreateTagsCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  EC2Client,
  type Instance,
  RunInstancesCommand,
} from "@aws-sdk/client-ec2";
import { clientConfig } from "./moto";
import { AwsProxy } from "./proxy/aws-proxy";
import type { Door } from "./proxy/door";

export class UsedEc2 {
  readonly proxy: AwsProxy;
  readonly door: Door;
  readonly #client: EC2Client;

  constructor(proxy: AwsProxy, door: Door, url: string) {
    this.proxy = proxy;
    this.door = door;
    this.#client = new EC2Client(clientConfig(url));
  }

  /** What was called, in order. */
  get actions(): readonly string[] {
    return this.proxy.calls.all.map(({ action }) => action);
  }

  /** Of this fleet, ended or not, in the order of their making. */
  async machines(fleet: string): Promise<readonly Instance[]> {
    const Filters = [{ Name: "tag:onejob:fleet", Values: [fleet] }];
    const { Reservations = [] } = await this.#client.send(new DescribeInstancesCommand({ Filters }));
    return Reservations.flatMap(({ Instances = [] }) => Instances);
  }

  /** A machine nobody asked for. */
  async put(tags: Readonly<Record<string, string>>): Promise<string> {
    const { Images = [] } = await this.#client.send(new DescribeImagesCommand({}));
    const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    const tagged = Tags.length === 0 ? {} : { TagSpecifications: [{ ResourceType: "instance" as const, Tags }] };
    const ImageId = Images[0]?.ImageId;
    const { Instances = [] } = await this.#client.send(
      new RunInstancesCommand({ ImageId, MinCount: 1, MaxCount: 1, InstanceType: "m5.large", ...tagged }),
    );
    return Instances[0]?.InstanceId ?? "";
  }

  async tag(id: string, tags: Readonly<Record<string, string>>): Promise<void> {
    const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    await this.#client.send(new CreateTagsCommand({ Resources: [id], Tags }));
  }
}

export function useEc2(url: () => string): () => UsedEc2 {
  let used: UsedEc2 | undefined;
  beforeAll(async () => {
    const proxy = AwsProxy.start(url());
    used = new UsedEc2(proxy, await proxy.open("function"), url());
    process.env["AWS_ENDPOINT_URL_EC2"] = used.door.url;
  });
  beforeEach(() => used?.proxy.calls.forget());
  afterAll(() => used?.proxy.stop());
  return () => {
    if (used === undefined) throw new Error("EC2 is not there yet");
    return used;
  };
}
