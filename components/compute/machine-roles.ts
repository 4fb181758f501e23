/** Who machines are in AWS: a role for each profile, which may do nothing but be recognised. */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Ec2ComputeSettings, ProfileSettings } from "../../runtime/core/settings";
import { fleetTags } from "../tags";
import type { Tags } from "../tags";
import { strangers } from "./trust-policy";

export interface MachineRolesArgs {
  readonly fleet: string;
  /** Those of other computes are left out. */
  readonly profiles: readonly ProfileSettings[];
  readonly tags: Tags;
}

/** By the profile's name. */
export type ByProfile<T> = Readonly<Record<string, T>>;

interface MachineRole {
  readonly profile: string;
  readonly id: pulumi.Output<string>;
  readonly instanceProfile: pulumi.Output<string>;
}

/**
 * *Security.* Every job of a profile can use its machines' role. Unless the settings name one, it is denied everything,
 * also what a bucket or a queue might allow to the whole account; `sts:GetCallerIdentity`, by which a machine proves who
 * it is, needs no permission and cannot be denied.
 */
export class MachineRoles extends pulumi.ComponentResource {
  /** `AROA…`, by which the server knows machines. */
  readonly roleIds: ByProfile<pulumi.Output<string>>;
  /** Their ARNs. */
  readonly instanceProfiles: ByProfile<pulumi.Output<string>>;

  constructor(name: string, { fleet, profiles, tags }: MachineRolesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("onejob:index:MachineRoles", name, {}, opts);
    const parts = { name, fleet, parent: this };
    const roles = ec2Profiles(profiles).map(({ profile, compute }) => {
      const path = `profiles[${profiles.indexOf(profile)}].compute.role`;
      return createRole(
        { profile: profile.name, compute, path },
        { ...parts, tags: machineTags(fleet, profile.name, tags) },
      );
    });
    this.roleIds = Object.fromEntries(roles.map(({ profile, id }) => [profile, id]));
    this.instanceProfiles = Object.fromEntries(roles.map(({ profile, instanceProfile }) => [profile, instanceProfile]));
    this.registerOutputs({ roleIds: this.roleIds });
  }
}

export interface Ec2Profile {
  readonly profile: ProfileSettings;
  readonly compute: Ec2ComputeSettings;
}

export function ec2Profiles(profiles: readonly ProfileSettings[]): readonly Ec2Profile[] {
  return profiles.flatMap((profile) => (profile.compute.kind === "ec2" ? [{ profile, compute: profile.compute }] : []));
}

export function machineTags(fleet: string, profile: string, own: Tags): Tags {
  return { ...fleetTags(fleet, own), "onejob:profile": profile, "onejob:owner": "onejob" };
}

interface RoleParts {
  readonly name: string;
  readonly fleet: string;
  readonly parent: pulumi.Resource;
  readonly tags: Tags;
}

interface Wanted {
  readonly profile: string;
  readonly compute: Ec2ComputeSettings;
  /** Where the arguments name the role. */
  readonly path: string;
}

function createRole({ profile, compute: { role, connect }, path }: Wanted, parts: RoleParts): MachineRole {
  const { name, fleet, parent, tags } = parts;
  const own = role === null ? createOwnRole(profile, connect, parts) : findRole({ arn: role, path }, parent);
  const instanceProfile = new aws.iam.InstanceProfile(
    `${name}-${profile}`,
    { namePrefix: namePrefix(fleet), path: rolePath(fleet), role: own.name, tags },
    { parent },
  );
  return { profile, id: own.uniqueId, instanceProfile: instanceProfile.arn };
}

type KnownRole = Pick<aws.iam.Role, "name" | "uniqueId">;

/** Of our own roles, so that who launches may pass them all by one pattern, however many profiles there are. */
export function rolePath(fleet: string): string {
  return `/onejob/${fleet}/`;
}

function createOwnRole(profile: string, connect: Ec2ComputeSettings["connect"], parts: RoleParts): KnownRole {
  const { name, fleet, parent, tags } = parts;
  const assumeRolePolicy = JSON.stringify(aws.iam.assumeRolePolicyForPrincipal({ Service: "ec2.amazonaws.com" }));
  const description = "Machines for jobs. It may do nothing, but its instances prove with it who they are.";
  const role = new aws.iam.Role(
    `${name}-${profile}`,
    { namePrefix: namePrefix(fleet), path: rolePath(fleet), assumeRolePolicy, description, tags },
    { parent },
  );
  const policy = JSON.stringify({ Version: "2012-10-17", Statement: statements(connect) });
  new aws.iam.RolePolicy(`${name}-${profile}`, { role: role.id, name: "nothing-else", policy }, { parent });
  return role;
}

/**
 * A shell, and no more: without `ec2messages` and the rest of `ssm` nobody can run commands on many machines at once.
 * @see https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-add-permissions-to-existing-profile.html
 */
const sessionActions: readonly string[] = [
  "ssm:UpdateInstanceInformation",
  "ssmmessages:CreateControlChannel",
  "ssmmessages:CreateDataChannel",
  "ssmmessages:OpenControlChannel",
  "ssmmessages:OpenDataChannel",
];

function statements(connect: Ec2ComputeSettings["connect"]): readonly object[] {
  if (connect === "never") return [{ Effect: "Deny", Action: "*", Resource: "*" }];
  return [
    { Effect: "Allow", Action: sessionActions, Resource: "*" },
    { Effect: "Deny", NotAction: sessionActions, Resource: "*" },
  ];
}

/** Its owner decides what it may do; we only make machines have it. */
function findRole({ arn, path }: { readonly arn: string; readonly path: string }, parent: pulumi.Resource): KnownRole {
  const name = arn.slice(arn.lastIndexOf("/") + 1);
  const found = aws.iam.getRoleOutput({ name }, { parent });
  found.assumeRolePolicy.apply((policy) => warnOfStrangers(path, policy, parent));
  return { name: found.name, uniqueId: found.uniqueId };
}

/** The role says which profile a machine is of: who else takes it on can pass for one of them, and get its jobs. */
function warnOfStrangers(path: string, policy: string, parent: pulumi.Resource): void {
  const others = strangers(policy);
  if (others.length === 0) return;
  const { log: engine } = pulumi;
  const who = others.join(", ");
  const what = `not only EC2 may assume this role, but also ${who}: whoever does can pass for a machine of this profile`;
  void engine.warn(`${path}: ${what}; let its trust policy name ec2.amazonaws.com alone`, parent);
}

/** Roles are one set for all regions, so the end of the name is made at random; IAM takes 38 letters before it. */
function namePrefix(fleet: string): string {
  return `onejob-${fleet}`.slice(0, 37) + "-";
}
