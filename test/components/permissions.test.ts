/** What the functions may do: every statement. */
import { functionNames } from "../../components/function-names";
import type { FunctionName } from "../../components/function-names";
import { policyOf, statementsOf } from "../../components/permissions";
import { fleetProblems } from "../../components";
import { mostPolicyLetters } from "../../components/policy-size";
import { smallest } from "../fixtures/pulumi-fleets";
import { account, bucketArn, ec2, fleet, logGroupArn, parameter, queueArn, tableArn } from "./some-resources";

const allow = (Sid: string, Action: readonly string[], Resource: readonly string[]) => ({
  ...{ Sid, Effect: "Allow", Action, Resource },
});
const tableActions = ["GetItem", "BatchGetItem", "PutItem", "DeleteItem", "Query"].map((verb) => `dynamodb:${verb}`);
const launch = ["ec2:CreateFleet", "ec2:RunInstances"];

const logs = allow("OwnLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], [`${logGroupArn}:*`]);
const settings = allow(
  "Settings",
  ["ssm:GetParametersByPath"],
  [parameter("/onejob/ci/settings"), parameter("/onejob/ci/settings/*")],
);
const credentials = allow("Credentials", ["ssm:GetParameter"], [parameter("/onejob/ci/secrets/gh/private-key")]);
const table = [
  allow("Ledger", tableActions, [tableArn]),
  allow("LedgerIndexes", ["dynamodb:Query"], [`${tableArn}/index/*`]),
];
const tell = allow("Tell", ["sqs:SendMessage"], [queueArn]);
const names = allow("ObjectNames", ["s3:ListBucket"], [bucketArn]);
const objects = (Sid: string, verb: string, ...shelves: readonly string[]) =>
  allow(
    Sid,
    [`s3:${verb}`],
    shelves.map((shelf) => `${bucketArn}/${shelf}/*`),
  );
const see = allow("SeeMachines", ["ec2:DescribeInstances"], ["*"]);
const ours = { StringEquals: { "aws:ResourceTag/onejob:fleet": "ci" } };

const machines = [
  {
    ...allow("StartWithOurTag", launch, [ec2("instance/*")]),
    Condition: { StringEquals: { "aws:RequestTag/onejob:fleet": "ci" } },
  },
  { ...allow("StartFromOurTemplates", launch, [ec2("launch-template/*")]), Condition: ours },
  allow("StartInOurNetwork", launch, [ec2("subnet/subnet-1"), ec2("subnet/subnet-2"), ec2("security-group/sg-1")]),
  allow("StartWithItsParts", launch, [
    ...[ec2("fleet/*"), ec2("volume/*"), ec2("network-interface/*"), ec2("spot-instances-request/*")],
    ...["arn:aws:ec2:eu-central-1::image/*", "arn:aws:ec2:eu-central-1::snapshot/*"],
  ]),
  {
    ...allow(
      "TagWhatIsStarted",
      ["ec2:CreateTags"],
      [
        ...[ec2("instance/*"), ec2("fleet/*"), ec2("volume/*"), ec2("network-interface/*")],
        ec2("spot-instances-request/*"),
      ],
    ),
    Condition: { StringEquals: { "ec2:CreateAction": ["CreateFleet", "RunInstances"] } },
  },
  {
    ...allow("TagOurs", ["ec2:CreateTags"], [ec2("instance/*")]),
    Condition: { ...ours, "ForAllValues:StringLike": { "aws:TagKeys": ["onejob:runner*"] } },
  },
  { ...allow("EndOurs", ["ec2:TerminateInstances"], [ec2("instance/*")]), Condition: ours },
  {
    ...allow("GiveMachinesTheirRole", ["iam:PassRole"], [`arn:aws:iam::${account}:role/machines`]),
    Condition: { StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" } },
  },
  allow(
    "FindImages",
    ["ssm:GetParameters"],
    [
      parameter("/imagebuilder/onejob/ci/ubuntu-24.04-x64"),
      "arn:aws:ssm:eu-central-1::parameter/aws/service/somebody/ami-id",
    ],
  ),
  {
    ...allow(
      "LetEc2HaveItsRoles",
      ["iam:CreateServiceLinkedRole"],
      [
        `arn:aws:iam::${account}:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot`,
        `arn:aws:iam::${account}:role/aws-service-role/ec2fleet.amazonaws.com/AWSServiceRoleForEC2Fleet`,
      ],
    ),
    Condition: { StringEquals: { "iam:AWSServiceName": ["spot.amazonaws.com", "ec2fleet.amazonaws.com"] } },
  },
];
const noSecrets = (pattern: string) => ({
  ...{ Sid: "NoSharedSecrets", Effect: "Deny", Action: tableActions, Resource: [tableArn] },
  Condition: { "ForAnyValue:StringLike": { "dynamodb:LeadingKeys": [pattern] } },
});
const depth = allow("SeeQueue", ["sqs:GetQueueAttributes"], [queueArn]);
const worker = [logs, settings, credentials, ...table, tell, see, ...machines];

const expected: Readonly<Record<FunctionName, readonly object[]>> = {
  webhook: [
    logs,
    settings,
    allow("WebhookSecrets", ["ssm:GetParameter"], [parameter("/onejob/ci/secrets/gh/webhook-secret")]),
    tell,
  ],
  agent: [
    ...[logs, settings, credentials, ...table, noSecrets("SECRET#source/*"), tell],
    ...[objects("ReadObjects", "GetObject", "agents", "bundles"), objects("WriteObjects", "PutObject", "logs"), names],
  ],
  api: [
    ...[logs, settings, credentials, ...table, noSecrets("SECRET#*"), tell, depth],
    objects("ReadObjects", "GetObject", "bundles", "logs", "uploads"),
    objects("WriteObjects", "PutObject", "bundles", "uploads"),
    ...[objects("DropObjects", "DeleteObject", "bundles"), names],
  ],
  work: [
    ...worker,
    allow(
      "Hear",
      ["ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes"].map((verb) => `sqs:${verb}`),
      [queueArn],
    ),
  ],
  sweep: worker,
  events: [logs, tell, see],
};

const covers = (pattern: string, arn: string) =>
  pattern.endsWith("*") ? arn.startsWith(pattern.slice(0, -1)) : arn === pattern;

describe("the policy of function", () => {
  it.each(functionNames)("%s says exactly this", (name) => {
    expect(statementsOf(name, fleet)).toEqual(expected[name]);
  });

  it.each(functionNames)(
    "%s has no wildcard for actions, and one for resources only where AWS has nothing else",
    (name) => {
      const statements = statementsOf(name, fleet);
      expect(statements.flatMap(({ Action }) => Action).filter((action) => action.includes("*"))).toEqual([]);
      const onAll = statements.filter(({ Resource }) => Resource.includes("*")).flatMap(({ Action }) => Action);
      expect(onAll.filter((action) => action !== "ec2:DescribeInstances")).toEqual([]);
    },
  );

  it.each(functionNames)("%s lets it neither change nor drop an agent that is kept for machines", (name) => {
    const changing = statementsOf(name, fleet).filter(({ Action }) =>
      Action.some((action) => /^s3:(Put|Delete)/.test(action)),
    );
    const reached = changing
      .flatMap(({ Resource }) => Resource)
      .filter((arn) => covers(arn, `${bucketArn}/agents/x.js`));
    expect(reached).toEqual([]);
  });

  it.each(functionNames)("%s fits into what a role may hold, with forty profiles and sources", (name) => {
    const forty = (prefix: string) => Array.from({ length: 40 }, (_, index) => `/onejob/ci/${prefix}-${index}`);
    const many = { ...fleet, credentials: forty("key"), webhookSecrets: forty("hook") };
    expect(JSON.stringify(statementsOf(name, many)).length).toBeLessThan(10_240);
  });

  it.each(functionNames)("%s fits with a hundred profiles of its own roles and fifty subnets", (name) => {
    const subnets = Array.from({ length: 50 }, (_, index) => ({ id: `subnet-0123456789abcde${index + 10}` }));
    const profiles = Array.from({ length: 100 }, (_, index) => ({ name: `p-${index}`, labels: [`p-${index}`] }));
    const network = { vpcId: "vpc-0123456789abcdef0", subnetIds: subnets.map(({ id }) => id) };
    const args = { ...smallest, fleetName: `f${"e".repeat(30)}`, profiles, network };
    expect(fleetProblems(args)).toEqual([]);
    const many = {
      ...fleet,
      subnetIds: network.subnetIds,
      machineRoleArns: [`arn:aws:iam::${account}:role/onejob/ci/*`],
    };
    expect(JSON.stringify(policyOf(name, many)).length).toBeLessThanOrEqual(mostPolicyLetters);
  });

  it("that would not fit is refused before anything is made", () => {
    const role = (index: number) => `arn:aws:iam::${account}:role/teams/${"t".repeat(80)}/${index}`;
    const profiles = Array.from({ length: 100 }, (_, index) => ({
      ...{ name: `p-${index}`, labels: [`p-${index}`] },
      compute: { kind: "ec2", role: role(index) } as const,
    }));
    const sources = [{ ...smallest.sources[0], runnerGroup: "trusted" }] as typeof smallest.sources;
    expect(fleetProblems({ ...smallest, sources, profiles })).toEqual([
      {
        path: "profiles",
        what: expect.stringMatching(/take 1\d,\d{3} letters, and a role on AWS holds 10,240$/) as unknown,
        fix: expect.stringContaining("share roles") as unknown,
      },
    ]);
  });

  it("leaves a statement without resources out, which AWS would refuse", () => {
    const without = { ...fleet, webhookSecrets: [], credentials: [], imagePointers: [], machineRoleArns: [] };
    const empty = functionNames
      .flatMap((name) => statementsOf(name, without))
      .filter(({ Resource }) => Resource.length === 0);
    expect(empty).toEqual([]);
  });

  it.each(["fleet", "securityGroupId"] as const)("is another one for another %s", (key) => {
    const other = { ...fleet, [key]: "other" };
    expect(statementsOf("work", other)).not.toEqual(statementsOf("work", fleet));
  });
});
