/**
 * What a function may do to machines: start them from the fleet's launch templates in the fleet's subnets, with the
 * fleet's tag, and end what has that tag.
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
 */
import { parameterArn } from "./fleet-resources";
import type { FleetResources, Statement } from "./fleet-resources";
import { fleetTag } from "./tags";

const launch = ["ec2:CreateFleet", "ec2:RunInstances"] as const;

export function machineStatements(fleet: FleetResources): readonly Statement[] {
  const started = [...startStatements(fleet), tagNew(fleet), tagOurs(fleet), end(fleet)];
  return [...started, passRole(fleet), images(fleet), serviceRoles(fleet)];
}

type Kind = "instance" | "fleet" | "volume" | "network-interface" | "launch-template" | "spot-instances-request";

function arnOf({ partition, region, accountId }: FleetResources) {
  return (kind: Kind | "subnet" | "security-group", id = "*") =>
    `arn:${partition}:ec2:${region}:${accountId}:${kind}/${id}`;
}

/** One call is checked on everything it touches, and each has to be allowed. */
function startStatements(fleet: FleetResources): readonly Statement[] {
  const arn = arnOf(fleet);
  const { partition, region, subnetIds, securityGroupId } = fleet;
  return [
    {
      Sid: "StartWithOurTag",
      Effect: "Allow",
      Action: launch,
      Resource: [arn("instance")],
      Condition: { StringEquals: { [`aws:RequestTag/${fleetTag}`]: fleet.fleet } },
    },
    {
      Sid: "StartFromOurTemplates",
      Effect: "Allow",
      Action: launch,
      Resource: [arn("launch-template")],
      Condition: { StringEquals: { [`aws:ResourceTag/${fleetTag}`]: fleet.fleet } },
    },
    {
      Sid: "StartInOurNetwork",
      Effect: "Allow",
      Action: launch,
      Resource: [...subnetIds.map((id) => arn("subnet", id)), arn("security-group", securityGroupId)],
    },
    {
      // What comes with an instance. The template says which image; one that is shared belongs to another account.
      Sid: "StartWithItsParts",
      Effect: "Allow",
      Action: launch,
      Resource: [
        ...[arn("fleet"), arn("volume"), arn("network-interface"), arn("spot-instances-request")],
        ...["image", "snapshot"].map((kind) => `arn:${partition}:ec2:${region}::${kind}/*`),
      ],
    },
  ];
}

/** While it is made: no function can give our tag to somebody else's machine, and then end it. */
function tagNew(fleet: FleetResources): Statement {
  const kinds: readonly Kind[] = ["instance", "fleet", "volume", "network-interface", "spot-instances-request"];
  return {
    Sid: "TagWhatIsStarted",
    Effect: "Allow",
    Action: ["ec2:CreateTags"],
    Resource: kinds.map((kind) => arnOf(fleet)(kind)),
    Condition: { StringEquals: { "ec2:CreateAction": ["CreateFleet", "RunInstances"] } },
  };
}

/** Later, which runner a machine is: on our own, and no tag but that. */
function tagOurs(fleet: FleetResources): Statement {
  return {
    Sid: "TagOurs",
    Effect: "Allow",
    Action: ["ec2:CreateTags"],
    Resource: [arnOf(fleet)("instance")],
    Condition: {
      StringEquals: { [`aws:ResourceTag/${fleetTag}`]: fleet.fleet },
      "ForAllValues:StringLike": { "aws:TagKeys": ["onejob:runner*"] },
    },
  };
}

function end(fleet: FleetResources): Statement {
  return {
    Sid: "EndOurs",
    Effect: "Allow",
    Action: ["ec2:TerminateInstances"],
    Resource: [arnOf(fleet)("instance")],
    Condition: { StringEquals: { [`aws:ResourceTag/${fleetTag}`]: fleet.fleet } },
  };
}

function passRole({ machineRoleArns }: FleetResources): Statement {
  return {
    Sid: "GiveMachinesTheirRole",
    Effect: "Allow",
    Action: ["iam:PassRole"],
    Resource: machineRoleArns,
    Condition: { StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" } },
  };
}

function images(fleet: FleetResources): Statement {
  return {
    Sid: "FindImages",
    Effect: "Allow",
    Action: ["ssm:GetParameters"],
    Resource: fleet.imagePointers.map((name) => parameterArn(fleet, name)),
  };
}

/** An account that never had spot instances lacks the role EC2 itself needs for them, and it is made on first use. */
function serviceRoles({ partition, accountId }: FleetResources): Statement {
  const roles = ["spot.amazonaws.com/AWSServiceRoleForEC2Spot", "ec2fleet.amazonaws.com/AWSServiceRoleForEC2Fleet"];
  return {
    Sid: "LetEc2HaveItsRoles",
    Effect: "Allow",
    Action: ["iam:CreateServiceLinkedRole"],
    Resource: roles.map((role) => `arn:${partition}:iam::${accountId}:role/aws-service-role/${role}`),
    Condition: { StringEquals: { "iam:AWSServiceName": ["spot.amazonaws.com", "ec2fleet.amazonaws.com"] } },
  };
}
