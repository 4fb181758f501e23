/** Functions that call a forge which only a VPC leads to: where they stand, what they reach from there, what it costs. */
import { fleetProblems } from "../../components";
import type { RunnerFleetArgs } from "../../components";
import { idleCost } from "../../components/cost";
import { idleChoices } from "../../components/fleet-choices";
import { checkFleet } from "../../components/fleet-problems";
import { functionNames } from "../../components/function-names";
import type { FunctionName } from "../../components/function-names";
import { smallest, variants } from "../fixtures/pulumi-fleets";
import { ofType, one } from "../fixtures/pulumi-graph";
import { graphOf } from "./declared-fleets";

const made = "private-api with its own endpoint";
const given = "private-api through an endpoint that is there";
const inside: readonly FunctionName[] = ["agent", "api", "work", "sweep"];
const subnetIds = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"];

interface Statement {
  readonly Sid: string;
  readonly Effect: string;
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: object;
}

async function statementsOf(variant: string, name: FunctionName): Promise<readonly Statement[]> {
  const { inputs } = one(await graphOf(variant), "RolePolicy", `ci-functions-${name}`);
  return (JSON.parse(String(inputs["policy"])) as { readonly Statement: readonly Statement[] }).Statement;
}

describe.each([made, given])("%s", (variant) => {
  it.each(functionNames)(
    "puts function %s inside the VPC if it calls the forge, and else leaves it outside",
    async (name) => {
      const { inputs } = one(await graphOf(variant), "Function", `ci-functions-${name}`);
      const vpcConfig = { subnetIds, securityGroupIds: ["ci-way-functions-id"] };
      expect(inputs["vpcConfig"]).toEqual(inside.includes(name) ? vpcConfig : undefined);
    },
  );

  it.each(functionNames)(
    "lets Lambda make the network interfaces of %s where it needs some, and not its code",
    async (name) => {
      const own = (await statementsOf(variant, name)).filter(({ Sid }) => ["EnterVpc", "NotByItsCode"].includes(Sid));
      const changing = ["Create", "Delete"].map((verb) => `ec2:${verb}NetworkInterface`);
      const addresses = ["Assign", "Unassign"].map((verb) => `ec2:${verb}PrivateIpAddresses`);
      const actions = [...changing, ...addresses];
      const expected = [
        {
          Effect: "Allow",
          Action: [...actions, "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"],
          Resource: ["*"],
        },
        { Effect: "Deny", Action: actions, Condition: { Null: { "lambda:SourceFunctionArn": "false" } } },
      ];
      expect(own).toHaveLength(inside.includes(name) ? 2 : 0);
      expect(own).toMatchObject(inside.includes(name) ? expected : []);
    },
  );

  it("gives the functions a security group of their own that lets nothing in", async () => {
    const { inputs } = one(await graphOf(variant), "SecurityGroup", "ci-way-functions");
    expect(inputs).toMatchObject({ vpcId: "vpc-0123456789abcdef0", ingress: [], egress: [{ protocol: "-1" }] });
  });
});

describe("the ways from functions inside the VPC to AWS", () => {
  it.each(["sqs", "ssm", "ec2", "sts"])(
    "are an endpoint for %s, found by the service's usual name",
    async (service) => {
      expect(one(await graphOf(made), "VpcEndpoint", `ci-way-${service}`).inputs).toMatchObject({
        serviceName: `com.amazonaws.eu-central-1.${service}`,
        vpcEndpointType: "Interface",
        privateDnsEnabled: true,
        subnetIds,
        securityGroupIds: ["ci-way-endpoints-id"],
      });
    },
  );

  it("stay open to whoever else is in the VPC, in each of its ranges, as their names lead there as well", async () => {
    const { inputs } = one(await graphOf(made), "SecurityGroup", "ci-way-endpoints");
    const cidrBlocks = ["172.16.0.0/16", "100.64.0.0/16"];
    expect(inputs["ingress"]).toEqual([{ protocol: "tcp", fromPort: 443, toPort: 443, cidrBlocks }]);
  });

  it.each(["s3", "dynamodb"])("are a free gateway to %s in the route tables that are named", async (service) => {
    expect(one(await graphOf(made), "VpcEndpoint", `ci-way-${service}`).inputs).toMatchObject({
      vpcEndpointType: "Gateway",
      routeTableIds: ["rtb-0123456789abcdef0"],
    });
  });

  it("are none where the VPC has them all", async () => {
    const graph = await graphOf(given);
    expect(ofType(graph, "VpcEndpoint")).toEqual([]);
    expect(ofType(graph, "SecurityGroup").map(({ name }) => name)).not.toContain("ci-way-endpoints");
  });
});

describe.each(["smallest", "http-api", "own network, known later"])("%s", (variant) => {
  it("has no function in a VPC, where it would lose the internet", async () => {
    const graph = await graphOf(variant);
    expect(ofType(graph, "Function").filter(({ inputs }) => "vpcConfig" in inputs)).toEqual([]);
    expect((await statementsOf(variant, "work")).map(({ Sid }) => Sid)).not.toContain("EnterVpc");
  });
});

const privateFleet: RunnerFleetArgs = variants[made] ?? smallest;
const withNetwork = (more: object): RunnerFleetArgs => ({
  ...privateFleet,
  network: { ...privateFleet.network, ...more },
});
const itemsOf = (args: RunnerFleetArgs) =>
  idleCost(idleChoices(args, checkFleet(args, { component: "ci", stack: "dev" }).settings)).items.filter(({ what }) =>
    what.startsWith("interface endpoint"),
  );

describe("the idle cost of a private way", () => {
  it("names each endpoint with its price in every zone", () => {
    expect(itemsOf(privateFleet).map(({ what, monthlyUsd }) => [what, monthlyUsd])).toEqual([
      ["interface endpoint", 14.6],
      ...["sqs", "ssm", "ec2", "sts"].map((service) => [`interface endpoint ${service}`, 14.6]),
    ]);
  });

  it("counts only endpoints that are made, each once", () => {
    const items = itemsOf(withNetwork({ endpoints: ["sts", "sts"] }));
    expect(items.map(({ setting }) => setting)).toEqual(["ingress.vpcEndpointId", "network.endpoints (sts)"]);
  });

  it("is said in the preview", async () => {
    const { warnings } = await graphOf(made, "preview");
    expect(warnings).toEqual([expect.stringContaining("network.endpoints (ssm) 14.60")] as unknown[]);
  });
});

const profile = (compute: object) => [{ name: "a", labels: ["linux"], compute: { kind: "ec2", ...compute } }];

describe("a private fleet", () => {
  it.each([
    ["names no image", [{ name: "a", labels: ["linux"] }], /left out/],
    ["names a system", profile({ image: { os: "ubuntu-24.04" } }), /^is a system's own image/],
  ])("is refused when a profile %s, as nothing can be installed", (_says, profiles, what) => {
    const problems = fleetProblems({ ...privateFleet, profiles } as RunnerFleetArgs);
    expect(problems).toMatchObject([{ path: "profiles[0].compute.image" }]);
    expect(problems[0]?.what).toMatch(what);
    expect(problems[0]?.fix).toMatch(/ssm.*ami.*bake: false/);
  });

  it.each([{ ami: "ami-0123456789abcdef0" }, { ssm: "/acme/images/ci" }])("starts from %j", (image) => {
    expect(fleetProblems({ ...privateFleet, profiles: profile({ image }) } as RunnerFleetArgs)).toEqual([]);
  });

  it("is refused with a service that gets no endpoint, and with something that is no route table", () => {
    const paths = fleetProblems(withNetwork({ endpoints: ["logs"], routeTableIds: ["main"] })).map(({ path }) => path);
    expect(paths.sort()).toEqual(["network.endpoints[0]", "network.routeTableIds[0]"]);
  });
});

it.each(["routeTableIds", "endpoints"])("network.%s is refused where functions stand outside", (key) => {
  const { network } = withNetwork({ endpoints: ["sqs"] });
  const { routeTableIds, endpoints, ...own } = network ?? {};
  const kept = { routeTableIds, endpoints }[key];
  const problems = fleetProblems({ ...smallest, network: { ...own, [key]: kept } } as RunnerFleetArgs);
  expect(problems).toMatchObject([{ path: `network.${key}`, fix: expect.stringContaining("private-api") as unknown }]);
});
