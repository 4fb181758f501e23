/** What follows from the settings of a fleet without a resource: which systems it needs, how long things stay, what it costs. */
import type { Settings } from "../runtime/core/settings";
import { alarmNames } from "./alarms";
import type { IdleChoices } from "./cost";
import { stockImages } from "./compute/ec2";
import type { Architecture, SystemName } from "./compute/ec2";
import type { RunnerFleetArgs } from "./fleet-args";
import { functionShapes } from "./function-names";
import { privateServices } from "./private-services";
import type { PrivateService } from "./private-services";

export interface System {
  readonly system: SystemName;
  readonly arch: Architecture;
}

/** Of profiles that start from a system, each pair once. */
export function systemsOf({ profiles }: Settings): readonly System[] {
  const found = new Map<string, System>();
  for (const { compute } of profiles) {
    if (compute.kind !== "ec2" || !("os" in compute.image)) continue;
    const { os: system } = compute.image;
    found.set(`${system}-${compute.arch}`, { system, arch: compute.arch });
  }
  return [...found.values()];
}

/** Parameters that profiles name by themselves. */
export function ownPointers({ profiles }: Settings): readonly string[] {
  return profiles.flatMap(({ compute }) =>
    compute.kind === "ec2" && "ssm" in compute.image ? [compute.image.ssm] : [],
  );
}

/** Roles that profiles name, each once. */
export function namedRoles({ profiles }: Settings): readonly string[] {
  return [...new Set(profiles.flatMap(({ compute }) => (compute.kind === "ec2" ? (compute.role ?? []) : [])))];
}

const dayMs = 86_400_000;

/**
 * How long an object can be needed from when it was written: through one try of its job, which has to queue first, and
 * then as long as finished jobs are kept. Jobs that bring objects wait for nobody's approval, so `waiting` is no part.
 */
export function objectDays({ profiles, retention }: Settings): number {
  const lives = profiles.map(({ timeouts: { queuedMs, bootMs, idleMs, jobMs } }) =>
    [queuedMs, bootMs, idleMs, jobMs].reduce((sum, ms) => sum + ms, 0),
  );
  return Math.ceil((retention.finishedMs + Math.max(...lives)) / dayMs) + 1;
}

/** Of each system: the one in use, and the one before. */
const keptImages = 2;

export function idleChoices(args: RunnerFleetArgs, settings: Settings): IdleChoices {
  const systems = args.images?.bake === false ? [] : systemsOf(settings);
  const sizes = systems.map(({ system, arch }) => stockImages[system][arch].sizeGiB);
  return {
    alarms: alarmNames.length,
    dashboard: args.dashboard === true,
    profiles: settings.profiles.length,
    forges: settings.sources.filter(({ kind }) => kind === "github").length,
    sweep: { intervalMs: settings.sweep.intervalMs, memoryMiB: functionShapes.sweep.memoryMiB },
    endpointZones: endpointZones(args),
    privateWay: { services: servicesOfWay(args), zones: zonesOf(args) },
    images: { systems: systems.length, keptEach: keptImages, sizeGiB: Math.max(0, ...sizes) },
  };
}

/** Of an endpoint that is not yours already. */
function endpointZones(args: RunnerFleetArgs): number {
  const { ingress } = args;
  return ingress?.kind === "private-api" && ingress.vpcEndpointId === undefined ? zonesOf(args) : 0;
}

/** Endpoints stand in one subnet of each zone; one zone at least where the subnets are known later. */
function zonesOf({ network }: RunnerFleetArgs): number {
  const subnets: unknown = network?.subnetIds;
  return Array.isArray(subnets) ? subnets.length : 1;
}

/** What functions inside the VPC get an endpoint for. */
export function servicesOfWay({ ingress, network }: RunnerFleetArgs): readonly PrivateService[] {
  if (ingress?.kind !== "private-api") return [];
  return [...new Set(network?.endpoints ?? privateServices)];
}
