/** Who machines are and how they are launched, as declared. */
import { LaunchTemplates, MachineRoles } from "../../../components/compute/ec2";
import { userData } from "../../../components/compute/user-data";
import type { ProfileSettings } from "../../../runtime/core/settings";
import { deploy, ofType, valueOf, type Declared, type Mode } from "./deployment";
import { ec2Profile } from "./profile";

const modes: readonly Mode[] = ["update", "preview"];
const processProfile: ProfileSettings = { ...ec2Profile("local"), compute: { kind: "process", firstUid: 1 } };
const tags = { team: "build" };
const sha = "a".repeat(64);

const roles = (mode: Mode, profiles: readonly ProfileSettings[]) =>
  deploy(mode, () => new MachineRoles("machines", { fleet: "ci", profiles, tags }));

async function templates(mode: Mode, profiles: readonly ProfileSettings[], assignPublicIp = true) {
  return deploy(
    mode,
    () =>
      new LaunchTemplates("templates", {
        fleet: "ci",
        profiles,
        instanceProfiles: Object.fromEntries(profiles.map(({ name }) => [name, `arn:profile:${name}`])),
        securityGroupId: "sg-1",
        agentUrl: "https://agent.example/",
        agentSha256: sha,
        pointers: { "ubuntu-24.04-x64": "/imagebuilder/onejob/ci/ubuntu-24.04-x64", "ubuntu-24.04-arm64": "/p/arm64" },
        assignPublicIp,
        tags,
      }),
  );
}

async function template(profile: ProfileSettings, mode: Mode = "update"): Promise<Declared["inputs"]> {
  const { declared } = await templates(mode, [profile]);
  return ofType(declared, "LaunchTemplate")[0]?.inputs ?? {};
}

const textOf = (data: unknown): string => Buffer.from(String(data), "base64").toString("utf8");
const policyOf = (declared: readonly Declared[]): unknown =>
  JSON.parse(String(ofType(declared, "RolePolicy")[0]?.inputs["policy"]));

describe.each(modes)("the roles of machines, in an %s", (mode) => {
  it("may do nothing, not even what others allow to the whole account", async () => {
    const { declared } = await roles(mode, [ec2Profile("small")]);
    expect(policyOf(declared)).toEqual({
      Version: "2012-10-17",
      Statement: [{ Effect: "Deny", Action: "*", Resource: "*" }],
    });
    expect(ofType(declared, "RolePolicyAttachment")).toEqual([]);
  });

  it("may open a shell and no more with connect ssm", async () => {
    const { declared } = await roles(mode, [ec2Profile("small", { connect: "ssm" })]);
    const { Statement } = policyOf(declared) as { Statement: { Action?: string[]; NotAction?: string[] }[] };
    expect(Statement[0]?.Action).toHaveLength(5);
    expect(Statement[1]?.NotAction).toEqual(Statement[0]?.Action);
    expect(JSON.stringify(Statement)).not.toMatch(/ec2messages|ssm:\*|ssm:Get|"\*"],/);
  });

  it("are one for each profile, taken on by EC2 alone, with the tags of fleet and profile", async () => {
    const { declared } = await roles(mode, [ec2Profile("small"), ec2Profile("large"), processProfile]);
    const made = ofType(declared, "Role");
    expect(made.map(({ inputs }) => (inputs["tags"] as Record<string, string>)["onejob:profile"])).toEqual([
      "small",
      "large",
    ]);
    for (const { inputs } of [...made, ...ofType(declared, "InstanceProfile")]) {
      expect(inputs["tags"]).toMatchObject({ team: "build", "onejob:fleet": "ci" });
      expect(String(inputs["namePrefix"]).length).toBeLessThanOrEqual(38);
      expect(inputs["path"]).toBe("/onejob/ci/");
    }
    expect(String(made[0]?.inputs["assumeRolePolicy"])).toContain('"ec2.amazonaws.com"');
  });
});

describe("a role of the settings", () => {
  it("is used as it is, and known by its unique id", async () => {
    const profile = ec2Profile("small", { role: "arn:aws:iam::123456789012:role/team/ci" });
    const { declared, made } = await roles("update", [profile]);
    expect(ofType(declared, "Role")).toEqual([]);
    expect(ofType(declared, "RolePolicy")).toEqual([]);
    expect(await valueOf(made.roleIds["small"] ?? never())).toBe("AROAGIVEN");
    expect(ofType(declared, "InstanceProfile")[0]?.inputs["role"]).toBe("ci");
  });
});

describe.each(modes)("a launch template, in an %s", (mode) => {
  it("has the name that the functions know", async () => {
    const { declared, made } = await templates(mode, [ec2Profile("small"), processProfile]);
    expect(made.names).toEqual({ small: "onejob-ci-small" });
    expect(ofType(declared, "LaunchTemplate").map(({ inputs }) => inputs["name"])).toEqual(["onejob-ci-small"]);
  });

  it("keeps its newest version the default one, ends machines that switch off, and hides metadata from containers", async () => {
    expect(await template(ec2Profile("small"), mode)).toMatchObject({
      updateDefaultVersion: true,
      instanceInitiatedShutdownBehavior: "terminate",
      metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1, instanceMetadataTags: "enabled" },
    });
  });

  it("encrypts the root volume and deletes it with the machine", async () => {
    const { blockDeviceMappings } = await template(ec2Profile("small"), mode);
    const ebs = { volumeType: "gp3", volumeSize: 40, throughput: 250, iops: 3_000 };
    expect(blockDeviceMappings).toEqual([
      { deviceName: "/dev/sda1", ebs: { ...ebs, encrypted: "true", deleteOnTermination: "true" } },
    ]);
  });

  it("tags instance, volume and network interface with fleet, profile and owner", async () => {
    const { tagSpecifications, tags: own } = await template(ec2Profile("small"), mode);
    const specifications = tagSpecifications as { resourceType: string; tags: unknown }[];
    expect(specifications.map(({ resourceType }) => resourceType)).toEqual(["instance", "volume", "network-interface"]);
    for (const { tags: given } of specifications) {
      expect(given).toMatchObject({
        team: "build",
        "onejob:fleet": "ci",
        "onejob:profile": "small",
        "onejob:owner": "onejob",
      });
    }
    expect(own).toEqual({ team: "build", "onejob:fleet": "ci" });
  });

  it.each([true, false])("puts machines behind our security group, with a public address: %s", async (isPublic) => {
    const { declared } = await templates(mode, [ec2Profile("small")], isPublic);
    expect(ofType(declared, "LaunchTemplate")[0]?.inputs["networkInterfaces"]).toEqual([
      {
        deviceIndex: 0,
        associatePublicIpAddress: String(isPublic),
        deleteOnTermination: "true",
        securityGroups: ["sg-1"],
      },
    ]);
  });
});

describe("the image of a launch template", () => {
  const pointer = "resolve:ssm:/imagebuilder/onejob/ci/ubuntu-24.04-x64";

  it.each([
    { what: "the pointer of its system", compute: {}, imageId: pointer },
    { what: "the pointer of its architecture", compute: { arch: "arm64" as const }, imageId: "resolve:ssm:/p/arm64" },
    { what: "its AMI", compute: { image: { ami: "ami-0123456789abcdef0" } }, imageId: "ami-0123456789abcdef0" },
    { what: "its parameter", compute: { image: { ssm: "/acme/ci" } }, imageId: "resolve:ssm:/acme/ci" },
  ])("is $what, and its root device the volume's", async ({ compute, imageId }) => {
    const made = await template(ec2Profile("small", compute));
    expect(made["imageId"]).toBe(imageId);
    const deviceName = "image" in compute ? "/dev/xvda" : "/dev/sda1";
    expect(made["blockDeviceMappings"]).toEqual([expect.objectContaining({ deviceName })]);
  });
});

describe("the user data of a launch template", () => {
  it("holds what the machine needs and no credential", async () => {
    const text = textOf((await template(ec2Profile("small")))["userData"]);
    expect(text).toContain('"aws":{"fleet":"ci","region":"eu-west-1"}');
    expect(text).toContain(sha);
    expect(text).not.toMatch(/bootToken|token"|secret|password|private|AKIA|ASIA|oj_/i);
  });

  it("says how long the machine may live: boot, idle, job, and five minutes for the server", async () => {
    expect(textOf((await template(ec2Profile("small")))["userData"])).toContain("LIFETIME_SECONDS=24300\n");
  });

  it("fits into what EC2 takes, and is plain text so that people can read it", () => {
    const data = userData({
      ...{ fleet: "f".repeat(31), region: "ap-southeast-99", agentUrl: `https://${"a".repeat(250)}`, agentSha256: sha },
      ...{ lifetimeSeconds: 999_999, connect: "ssm" },
    });
    expect(Buffer.from(data, "base64").length).toBeLessThanOrEqual(16_384);
    expect(textOf(data)).toMatch(/^#cloud-boothook\n/);
  });

  it("is packed when it would be too long otherwise", () => {
    const bytes = Buffer.from(
      userData({
        ...{ fleet: "ci", region: "eu-west-1", agentUrl: `https://${"a".repeat(6_000)}`, agentSha256: sha },
        ...{ lifetimeSeconds: 1, connect: "never" },
      }),
      "base64",
    );
    expect(bytes.subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]));
    expect(bytes.length).toBeLessThanOrEqual(16_384);
  });
});

function never(): never {
  throw new Error("it is not there");
}
