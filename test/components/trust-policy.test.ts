/** A role of somebody else's: who but EC2 may take it on is told, as it could pass for a machine. */
import { RunnerFleet } from "../../components";
import type { RunnerFleetArgs } from "../../components";
import { strangers } from "../../components/compute/trust-policy";
import { variants } from "../fixtures/pulumi-fleets";
import { declare } from "../fixtures/pulumi-graph";

const policy = (...statements: readonly object[]): string => JSON.stringify({ Statement: statements });
const allow = (Principal: unknown) => ({ Effect: "Allow", Principal, Action: "sts:AssumeRole" });
const root = "arn:aws:iam::123456789012:root";

describe("a trust policy", () => {
  it.each([
    ["EC2 alone", policy(allow({ Service: "ec2.amazonaws.com" })), []],
    ["EC2 in China", policy(allow({ Service: ["ec2.amazonaws.com.cn"] })), []],
    ["a statement that is no list", JSON.stringify({ Statement: allow({ Service: "ec2.amazonaws.com" }) }), []],
    [
      "a service more",
      policy(allow({ Service: ["ec2.amazonaws.com", "lambda.amazonaws.com"] })),
      ["lambda.amazonaws.com"],
    ],
    ["an account", policy(allow({ Service: "ec2.amazonaws.com" }), allow({ AWS: root })), [root]],
    ["everybody", policy(allow("*")), ["everybody"]],
    ["everybody of AWS", policy(allow({ AWS: "*" })), ["everybody"]],
    ["an identity provider", policy(allow({ Federated: "arn:p" })), ["arn:p"]],
    ["all but somebody", policy({ Effect: "Allow", NotPrincipal: { AWS: root } }), ["everybody but those it excludes"]],
    ["somebody who is denied", policy({ ...allow({ AWS: root }), Effect: "Deny" }), []],
    ["nothing that can be read", "{", ["whoever its unreadable trust policy names"]],
    ["nothing", "{}", []],
  ])("of %s names who else may take the role on", (_what, text, others) => {
    expect(strangers(text)).toEqual(others);
  });
});

describe("a fleet", () => {
  const args = { ...variants["everything"], dashboard: false } as RunnerFleetArgs;

  it("warns of a role that others than EC2 may take on, with the path of the profile", async () => {
    const assumeRolePolicy = policy(allow({ AWS: root }));
    const { warnings } = await declare(() => new RunnerFleet("ci", args), {
      answers: { "aws:iam/getRole:getRole": { assumeRolePolicy } },
    });
    expect(warnings).toEqual([
      expect.stringMatching(/^profiles\[2\]\.compute\.role: .*:root: .*ec2\.amazonaws\.com alone$/),
    ]);
  });

  it("says nothing of one that EC2 alone may take on", async () => {
    expect((await declare(() => new RunnerFleet("ci", args))).warnings).toEqual([]);
  });
});
