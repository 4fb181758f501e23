/** What a component declares, as Pulumi's engine would be told: in an update, or in a preview where nothing is known. */
import * as pulumi from "@pulumi/pulumi";
import type { MockCallArgs, MockResourceArgs } from "@pulumi/pulumi/runtime";

export interface Declared {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

export type Mode = "update" | "preview";

const answers: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "aws:index/getRegion:getRegion": { region: "eu-west-1", name: "eu-west-1" },
  "aws:index/getPartition:getPartition": { partition: "aws" },
  "aws:index/getCallerIdentity:getCallerIdentity": { accountId: "123456789012" },
  "aws:ssm/getParameter:getParameter": { insecureValue: "ami-0aaaaaaaaaaaaaaaa" },
  "aws:ec2/getAmi:getAmi": { rootDeviceName: "/dev/xvda" },
  "aws:iam/getRole:getRole": {
    name: "ci",
    uniqueId: "AROAGIVEN",
    arn: "arn:aws:iam::123456789012:role/ci",
    assumeRolePolicy: '{"Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"}}]}',
  },
};

/** `declare` makes the component, and answers what of it is looked at. */
export async function deploy<T>(
  mode: Mode,
  declare: () => T,
): Promise<{ readonly declared: readonly Declared[]; readonly made: T }> {
  const declared: Declared[] = [];
  const isPreview = mode === "preview";
  const newResource = ({ type, name, inputs }: MockResourceArgs) => {
    declared.push({ type, name, inputs: inputs as Declared["inputs"] });
    const state = { ...(inputs as object), arn: `arn:${name}`, uniqueId: `AROA${name}` };
    return isPreview ? { id: undefined, state: inputs as object } : { id: `${name}-id`, state };
  };
  const call = ({ token }: MockCallArgs) => answers[token] ?? {};
  await pulumi.runtime.setMocks({ newResource, call }, "project", "test", isPreview);
  const made = declare();
  await pulumi.runtime.disconnect();
  return { declared, made };
}

export function ofType(declared: readonly Declared[], type: string): readonly Declared[] {
  return declared.filter((resource) => resource.type.endsWith(`:${type}`));
}

/** Once it is known; of an update. */
export function valueOf<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => void output.apply(resolve));
}
