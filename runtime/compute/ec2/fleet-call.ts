/**
 * One call of CreateFleet, of the type that answers at once. It comes back with machines, with rows that say which pools
 * had none, or with both.
 */
import { createHash } from "node:crypto";
import {
  CreateFleetCommand,
  type CreateFleetError,
  type CreateFleetRequest,
  type CreateFleetResult,
  type _InstanceType,
} from "@aws-sdk/client-ec2";
import { machineOwner, machineTags } from "../../core/aws-identity";
import type { MachineFacts } from "../../core/fleet-facts";
import { type FailureClass, apiError, classOf, hasCode, plainCode, plainText } from "./failures";
import type { Host } from "./host";
import type { Market, Pool } from "./pools";
import { tried } from "./tries";

export interface FleetCall {
  readonly launch: string;
  readonly token: string;
  readonly profile: string;
  readonly machines: MachineFacts;
  readonly market: Market;
  /** 1, 2, … within the launch. */
  readonly attempt: number;
  readonly pools: readonly Pool[];
  readonly runners: readonly string[];
}

export interface Failure {
  readonly market: Market;
  readonly kind: FailureClass;
  readonly code: string;
  readonly text: string;
  /** Where; empty when the call was refused as a whole. */
  readonly pools: readonly Pool[];
}

export type FleetAnswer =
  | { readonly kind: "made"; readonly ids: readonly string[]; readonly failures: readonly Failure[] }
  /** Less than asked for, and no reason. A call that is repeated may be answered so: there may be more than these. */
  | { readonly kind: "short"; readonly ids: readonly string[]; readonly failures: readonly Failure[] }
  /** Its token was used before, by a call with other words: what that one made has to be looked up. */
  | { readonly kind: "used" };

/** Throws `NoAnswer` when it may or may not have been done. */
export async function createFleet(call: FleetCall, host: Host): Promise<FleetAnswer> {
  const command = new CreateFleetCommand(requestOf(call, host.facts.fleet));
  try {
    const result = await tried((within) => host.ec2.send(command, within), host);
    const ids = idsOf(result);
    const failures = (result.Errors ?? []).map((row) => failureOf(row, call.market));
    return ids.length < call.runners.length && failures.length === 0
      ? { kind: "short", ids, failures: [withoutReason(call, ids)] }
      : { kind: "made", ids, failures };
  } catch (error) {
    if (usedBefore.some((code) => hasCode(error, code))) return { kind: "used" };
    const { kind, code, text } = apiError(error);
    if (kind === undefined) throw error;
    return { kind: "made", ids: [], failures: [{ market: call.market, kind, code, text, pools: [] }] };
  }
}

/** @see https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html */
const usedBefore = ["IdempotentParameterMismatch", "IdempotentInstanceTerminated"];

function requestOf(call: FleetCall, fleet: string): CreateFleetRequest {
  const Tags = tagsOf(call, fleet);
  const byMarket: Partial<CreateFleetRequest> =
    call.market === "spot"
      ? { SpotOptions: { AllocationStrategy: "price-capacity-optimized" } }
      : { OnDemandOptions: { AllocationStrategy: "lowest-price" } };
  return {
    Type: "instant",
    ClientToken: clientToken(call),
    LaunchTemplateConfigs: [
      {
        LaunchTemplateSpecification: { LaunchTemplateName: call.machines.launchTemplate, Version: "$Default" },
        Overrides: call.pools.map(({ type, subnet }) => ({ InstanceType: type as _InstanceType, SubnetId: subnet })),
      },
    ],
    TargetCapacitySpecification: {
      TotalTargetCapacity: call.runners.length,
      DefaultTargetCapacityType: call.market,
    },
    ...byMarket,
    // Interfaces get theirs from the launch template: an instant fleet takes no word about them.
    TagSpecifications: (["instance", "volume"] as const).map((ResourceType) => ({
      ResourceType,
      Tags,
    })),
  };
}

/**
 * Neither market nor pools are in it: whoever repeats a launch knows neither, for both depend on what its process
 * remembers. So the first call of a repeated launch always meets the first call of the launch before.
 */
function clientToken({ token, attempt }: FleetCall): string {
  return createHash("sha256").update(`${token}/${attempt}`).digest("base64url");
}

function tagsOf({ launch, profile, attempt, runners }: FleetCall, fleet: string) {
  const [runner] = runners;
  const tags = {
    [machineTags.fleet]: fleet,
    [machineTags.owner]: machineOwner,
    [machineTags.profile]: profile,
    [machineTags.launch]: launch,
    [machineTags.attempt]: String(attempt),
    ...(runner !== undefined && runners.length === 1 ? { [machineTags.runner]: runner } : {}),
  };
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/** Sorted: the same call gives the same runner the same machine, however often it is made. */
function idsOf({ Instances = [] }: CreateFleetResult): readonly string[] {
  return Instances.flatMap(({ InstanceIds = [] }) => InstanceIds).sort();
}

/** Which of the pools have no more is not said where some gave machines. */
function withoutReason({ market, pools }: FleetCall, ids: readonly string[]): Failure {
  const [code, empty] =
    ids.length === 0 ? ["no machine, and no reason", pools] : ["too few machines, and no reason", []];
  return { market, kind: "capacity", code, text: "", pools: empty };
}

/** A code that nobody has met is taken for a pool's trouble: the next market may do. */
function failureOf({ ErrorCode, ErrorMessage, LaunchTemplateAndOverrides }: CreateFleetError, market: Market): Failure {
  const { InstanceType: type, SubnetId: subnet } = LaunchTemplateAndOverrides?.Overrides ?? {};
  return {
    market,
    kind: classOf(ErrorCode ?? "") ?? "capacity",
    code: plainCode(ErrorCode ?? "unknown"),
    text: plainText(ErrorMessage ?? ""),
    pools: type === undefined || subnet === undefined ? [] : [{ type, subnet }],
  };
}
