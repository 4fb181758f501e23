/** What AWS would say of the resources of a fleet, as far as other resources ask for it. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { FakeProvider, RegisteredResource } from "../fakes/pulumi-engine";

const accountId = "123456789012";
const region = "us-east-1";

/** Outputs that do not stand among the inputs. */
const states: Readonly<Record<string, (name: string) => Record<string, unknown>>> = {
  "awsx:ec2:Vpc": () => ({
    vpcId: "vpc-0123456789abcdef0",
    publicSubnetIds: ["subnet-0aaaaaaaaaaaaaaaa", "subnet-0bbbbbbbbbbbbbbbb"],
    privateSubnetIds: [],
    isolatedSubnetIds: [],
  }),
  "aws:lambda/functionUrl:FunctionUrl": (name) => ({ functionUrl: `https://${name}.lambda-url.${region}.on.aws/` }),
  "aws:lambda/function:Function": (name) => ({
    invokeArn: `arn:aws:apigateway:${region}:lambda:path/2015-03-31/functions/${arnOf("lambda", name)}/invocations`,
  }),
  "aws:apigatewayv2/api:Api": (name) => ({ apiEndpoint: `https://${name}.execute-api.${region}.amazonaws.com` }),
  "aws:sqs/queue:Queue": (name) => ({ url: `https://sqs.${region}.amazonaws.com/${accountId}/${name}` }),
  "aws:iam/role:Role": (name) => ({ uniqueId: `AROA${name.toUpperCase().replace(/[^A-Z0-9]/g, "")}` }),
};

const calls: Readonly<Record<string, (args: Record<string, unknown>) => Record<string, unknown>>> = {
  "aws:index/getRegion:getRegion": () => ({ region, name: region, id: region }),
  "aws:index/getCallerIdentity:getCallerIdentity": () => ({ accountId, arn: `arn:aws:iam::${accountId}:user/me` }),
  "aws:index/getPartition:getPartition": () => ({ partition: "aws", dnsSuffix: "amazonaws.com" }),
  "aws:ssm/getParameter:getParameter": ({ name }) => ({ name, value: "ami-0123456789abcdef0", type: "String" }),
  "aws:iam/getRole:getRole": ({ name }) => ({ name, uniqueId: "AROAGIVEN", arn: arnOf("iam", String(name)) }),
};

export const fakeAws: FakeProvider = {
  stateOf: ({ type, name, inputs }) => ({
    ...(type.startsWith("aws:") ? { arn: arnOf(type.split(/[:/]/)[1] ?? "", name), name: inputs["name"] ?? name } : {}),
    ...states[type]?.(name),
  }),
  call: (token, args) => {
    const answer = calls[token];
    if (answer === undefined) throw new Error(`nobody has said what ${token} answers`);
    return answer(args);
  },
};

function arnOf(service: string, name: string): string {
  return `arn:aws:${service}:${region}:${accountId}:${name}`;
}

const provider = dirname(require.resolve("@pulumi/aws/package.json"));

/** Whether its provider lets it carry tags: its own types say so. */
export function isTaggable({ type }: RegisteredResource): boolean {
  const [pkg, module = ""] = type.split(":");
  const file = join(provider, `${module}.d.ts`);
  return pkg === "aws" && existsSync(file) && /^\s+tags\?: pulumi\.Input</m.test(readFileSync(file, "utf8"));
}
