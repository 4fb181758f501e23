/** The images of machines, as declared. */
import { output } from "@pulumi/pulumi";
import type * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { contentVersion } from "../../components/content-version";
import { reportFailedImages } from "../../components/image-failures";
import { Images, componentDocument, pointerName } from "../../components/images";
import type { ImagesArgs } from "../../components/images";
import { placeOf } from "../../components/place";
import { deploy, ofType, type Mode } from "./compute/deployment";

const modes: readonly Mode[] = ["update", "preview"];
const x64 = { system: "ubuntu-24.04", arch: "x64" } as const;
const arm64 = { system: "ubuntu-24.04", arch: "arm64" } as const;

const images = (mode: Mode, more: Partial<ImagesArgs> = {}, opts: pulumi.ComponentResourceOptions = {}) =>
  deploy(
    mode,
    () =>
      new Images(
        "images",
        {
          fleet: "ci",
          systems: [x64, arm64],
          bake: true,
          schedule: "cron(0 4 ? * sun *)",
          subnetId: "subnet-1",
          securityGroupId: "sg-1",
          tags: { team: "build" },
          ...more,
        },
        opts,
      ),
  );

const failures = (mode: Mode, topicArn?: string) =>
  deploy(mode, () => {
    const args = { fleet: "ci", systems: [x64, arm64], bake: true, schedule: "cron(0 4 ? * sun *)" };
    const made = new Images("images", { ...args, subnetId: "subnet-1", securityGroupId: "sg-1", tags: {} });
    const events = { name: output("events"), arn: output("arn:events") };
    reportFailedImages("images-failed", { images: made, topicArn, events, place: placeOf(made), tags: {} });
  });

describe.each(modes)("a pointer, in an %s", (mode) => {
  it("begins with the system's own image, where Image Builder may write", async () => {
    const { declared } = await images(mode);
    const pointers = ofType(declared, "Parameter").map(({ inputs }) => inputs);
    expect(pointers.map(({ name }) => name)).toEqual([
      "/imagebuilder/onejob/ci/ubuntu-24.04-x64",
      "/imagebuilder/onejob/ci/ubuntu-24.04-arm64",
    ]);
    for (const pointer of pointers) {
      expect(pointer).toMatchObject({ dataType: "aws:ec2:image", insecureValue: "ami-0aaaaaaaaaaaaaaaa" });
    }
  });

  it("is never put back by a deployment", async () => {
    const ignored: string[][] = [];
    const note: pulumi.ResourceTransformation = ({ type, props, opts }) => {
      if (type === "aws:ssm/parameter:Parameter") ignored.push([...(opts.ignoreChanges ?? [])]);
      return { props: props as object, opts };
    };
    await images(mode, {}, { transformations: [note] });
    expect(ignored).toHaveLength(2);
    for (const keys of ignored)
      expect(keys).toEqual(expect.arrayContaining(["value", "insecureValue", "description", "tier"]));
  });

  it("is Canonical's own without baking, which always names the newest image, and nothing is made", async () => {
    const { declared, made } = await images(mode, { bake: false });
    expect(declared.map(({ type }) => type)).toEqual(["onejob:index:Images"]);
    expect(made.pipelineArns).toEqual({});
    expect(made.pointers).toEqual({
      "ubuntu-24.04-x64": expect.stringMatching(/^\/aws\/service\/canonical\/ubuntu\/server\/24\.04\/.*amd64/),
      "ubuntu-24.04-arm64": expect.stringMatching(/^\/aws\/service\/canonical\/ubuntu\/server\/24\.04\/.*arm64/),
    });
  });
});

describe.each(modes)("a pipeline, in an %s", (mode) => {
  it("is there for each system, from its own parent, and bakes each week whatever has changed", async () => {
    const { declared, made } = await images(mode);
    expect(Object.keys(made.pipelineArns)).toEqual(["ubuntu-24.04-x64", "ubuntu-24.04-arm64"]);
    expect(ofType(declared, "ImageRecipe").map(({ inputs }) => inputs["parentImage"])).toEqual([
      expect.stringMatching(/^ssm:\/aws\/service\/canonical\/.*amd64/),
      expect.stringMatching(/^ssm:\/aws\/service\/canonical\/.*arm64/),
    ]);
    expect(ofType(declared, "ImagePipeline")[0]?.inputs["schedule"]).toEqual({
      scheduleExpression: "cron(0 4 ? * sun *)",
      pipelineExecutionStartCondition: "EXPRESSION_MATCH_ONLY",
    });
  });

  it("encrypts the image, in a volume that fits the smallest a profile may ask for", async () => {
    const { declared } = await images(mode);
    for (const { inputs } of ofType(declared, "ImageRecipe")) {
      expect(inputs["systemsManagerAgent"]).toEqual({ uninstallAfterBuild: true });
      expect(inputs["blockDeviceMappings"]).toEqual([
        {
          deviceName: "/dev/sda1",
          ebs: { volumeType: "gp3", volumeSize: 8, encrypted: "true", deleteOnTermination: "true" },
        },
      ]);
    }
  });

  it("builds on an instance of the architecture, closed to who has no token of its metadata", async () => {
    const { declared } = await images(mode, { instanceType: { x64: "m7i.xlarge" } });
    const built = ofType(declared, "InfrastructureConfiguration").map(({ inputs }) => inputs);
    expect(built.map(({ instanceTypes }) => instanceTypes)).toEqual([["m7i.xlarge"], ["c7g.large"]]);
    for (const infrastructure of built) {
      expect(infrastructure).toMatchObject({
        terminateInstanceOnFailure: true,
        subnetId: "subnet-1",
        securityGroupIds: ["sg-1"],
        instanceMetadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 },
      });
    }
  });

  it("writes the pointer of its own system", async () => {
    const { declared } = await images(mode);
    const written = ofType(declared, "DistributionConfiguration").map(
      ({ inputs }) => (inputs["distributions"] as { ssmParameterConfigurations: unknown }[])[0],
    );
    expect(written.map((distribution) => distribution?.ssmParameterConfigurations)).toEqual(
      [x64, arm64].map((system) => [{ parameterName: pointerName("ci", system), dataType: "aws:ec2:image" }]),
    );
  });

  it("keeps two images", async () => {
    const { declared } = await images(mode);
    for (const { inputs } of ofType(declared, "LifecyclePolicy")) {
      expect(inputs["policyDetails"]).toEqual([
        {
          action: { type: "DELETE", includeResources: { amis: true, snapshots: true } },
          filter: { type: "COUNT", value: 2 },
        },
      ]);
    }
  });

  it("that fails is told, of this fleet alone, to the topic", async () => {
    const { declared } = await failures(mode, "arn:aws:sns:eu-west-1:123456789012:alarms");
    const pattern = JSON.parse(String(ofType(declared, "EventRule")[0]?.inputs["eventPattern"])) as unknown;
    expect(pattern).toMatchObject({
      source: ["aws.imagebuilder"],
      resources: [
        { prefix: "arn:aws:imagebuilder:eu-west-1:123456789012:image/onejob-ci-ubuntu-24-04-x64/" },
        { prefix: "arn:aws:imagebuilder:eu-west-1:123456789012:image/onejob-ci-ubuntu-24-04-arm64/" },
      ],
      detail: { state: { status: ["FAILED"] } },
    });
    expect(ofType(declared, "EventTarget")[0]?.inputs["arn"]).toBe("arn:aws:sns:eu-west-1:123456789012:alarms");
    expect(ofType(declared, "Permission")).toEqual([]);
  });

  it("that fails is told to the function events where there is no topic", async () => {
    const { declared } = await failures(mode);
    expect(ofType(declared, "EventTarget")[0]?.inputs["arn"]).toBe("arn:events");
    expect(ofType(declared, "Permission")[0]?.inputs).toMatchObject({
      function: "events",
      principal: "events.amazonaws.com",
    });
  });

  it("has the fleet's tags on everything that can have tags, and names that Image Builder takes", async () => {
    const { declared } = await images(mode);
    const tagless = /:(RolePolicyAttachment|EventTarget|Images)$/;
    for (const { type, inputs } of declared.filter((resource) => !tagless.test(resource.type))) {
      expect([type, inputs["tags"]]).toEqual([type, { team: "build", "onejob:fleet": "ci" }]);
      if (type.startsWith("aws:imagebuilder")) expect(inputs["name"]).toMatch(/^[-_A-Za-z0-9][-_A-Za-z0-9 ]{1,126}$/);
    }
  });
});

describe("the version of a component", () => {
  it("changes with its content, and only with it", () => {
    expect(contentVersion({ data: "a" })).toBe(contentVersion({ data: "a" }));
    expect(contentVersion({ data: "a" })).not.toBe(contentVersion({ data: "b" }));
  });

  it("has numbers that Image Builder takes", () => {
    for (let seed = 0; seed < 200; seed += 1) {
      const parts = contentVersion(seed).split(".").map(Number);
      expect(parts).toHaveLength(3);
      for (const part of parts) expect(part).toBeLessThan(2 ** 30);
    }
  });

  it("is part of the recipe's, for a recipe cannot be changed either", async () => {
    const { declared } = await images("update");
    const [component] = ofType(declared, "Component");
    const document = component?.inputs["data"];
    const { platform, supportedOsVersions } = component?.inputs ?? {};
    expect(component?.inputs["version"]).toBe(contentVersion({ platform, supportedOsVersions, data: document }));
    const recipes = ofType(declared, "ImageRecipe").map(({ inputs }) => inputs["version"]);
    expect(new Set([...recipes, component?.inputs["version"]]).size).toBe(3);
  });
});

describe("the document of the component", () => {
  const text = componentDocument();
  const document = parse(text) as {
    schemaVersion: number;
    phases: { name: string; steps: { name: string; action: string; inputs: { commands: string[] } }[] }[];
  };

  it("fits into what Image Builder takes without a bucket", () => {
    expect(text.length).toBeLessThanOrEqual(16_000);
  });

  it("has the phases that Image Builder knows", () => {
    expect(document.phases.map(({ name }) => name)).toEqual(["build", "validate", "test"]);
    expect(document.schemaVersion).toBe(1);
  });

  it("holds nothing that Image Builder would take for a variable of its own", () => {
    expect(text).not.toContain("{{");
  });

  it("writes the files before it installs, and stops at the first failure", () => {
    const [files, install] = document.phases[0]?.steps ?? [];
    expect(files?.inputs.commands[0]).toMatch(/^set -euo pipefail\n/);
    expect(files?.inputs.commands[0]).toContain("put 0755 /opt/onejob/bin/install <<");
    expect(install?.inputs.commands).toEqual(["/opt/onejob/bin/install bake"]);
  });
});
