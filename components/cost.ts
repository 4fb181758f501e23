/** What a fleet costs while nobody uses it, itemised from what it is made of. Pure. */
import { prices } from "./prices";

/** Promised for a fleet that says nothing else. */
export const idleLimitUsd = 1;

export interface CostItem {
  readonly what: string;
  /** At list price, without free tiers. */
  readonly monthlyUsd: number;
  /** How it is counted. */
  readonly how: string;
  /** The argument that makes it, where leaving it out would save it. */
  readonly setting?: string;
}

export interface IdleCost {
  /** Of the control plane: the sum of `items`. */
  readonly monthlyUsd: number;
  readonly items: readonly CostItem[];
  /** Images that are kept, and their builds; no part of the sum. */
  readonly images: readonly CostItem[];
}

export interface IdleChoices {
  readonly alarms: number;
  readonly dashboard: boolean;
  readonly profiles: number;
  readonly forges: number;
  readonly sweep: { readonly intervalMs: number; readonly memoryMiB: number };
  /** Zones of an interface endpoint that the fleet makes for itself. */
  readonly endpointZones: number;
  /** Services that functions inside the VPC get an interface endpoint for, each in so many zones. */
  readonly privateWay: { readonly services: readonly string[]; readonly zones: number };
  /** How many systems are baked, and how large their disks are. */
  readonly images: { readonly systems: number; readonly keptEach: number; readonly sizeGiB: number };
}

const hours = 730;
const monthMs = hours * 3_600_000;
/** Lambda asks an idle queue with five pollers, each waiting 20 seconds for an answer. */
const polls = (5 * monthMs) / 20_000;
/**
 * What the functions use of an empty table, counted in their code: the sweep asks eight shards for what is overdue, takes
 * two notes as its lease, and each chore leaves one. What has expired is removed by the table itself, at no cost.
 */
const units = {
  readsOfSweep: 8 * 0.5 + 3,
  readsOfProfile: 3,
  writesOfSweep: 2,
  writesOfChore: 1,
} as const;
/** Of the fleet itself, then of each forge: every 10 minutes; every 5, 10 and 15. */
const choresOfFleet = monthMs / 600_000;
const choresOfForge = monthMs / 300_000 + monthMs / 600_000 + monthMs / 900_000;
/** As it is by default; another schedule is not counted. */
const weeksOfMonth = hours / (7 * 24);
/** Assumed: building, and testing on a second machine. */
const buildHours = 0.5;
/** Assumed: it mostly waits for the table. */
const sweepSeconds = 0.2;

export function idleCost(choices: IdleChoices): IdleCost {
  const items = [...fixedItems(choices), ...chosenItems(choices)].map(toHundredths);
  const sum = items.reduce((before, { monthlyUsd }) => before + monthlyUsd, 0);
  return { monthlyUsd: rounded(sum), items, images: imageItems(choices.images).map(toHundredths) };
}

function fixedItems({ alarms, profiles, forges, sweep }: IdleChoices): CostItem[] {
  const sweeps = monthMs / sweep.intervalMs;
  const reads = sweeps * (units.readsOfSweep + profiles * units.readsOfProfile);
  const chores = choresOfFleet + forges * choresOfForge;
  // What a chore reads is kept for five minutes.
  const decrypts = forges * (monthMs / 300_000);
  const writes = sweeps * units.writesOfSweep + chores * units.writesOfChore;
  const lambda = prices.lambdaRequest.usd + sweepSeconds * (sweep.memoryMiB / 1_024) * prices.lambdaGbSecond.usd;
  return [
    { what: "alarms", monthlyUsd: alarms * prices.alarm.usd, how: `${alarms} × ${prices.alarm.usd} USD` },
    {
      what: "queue, waiting for messages",
      monthlyUsd: polls * prices.sqsRequest.usd,
      how: `${count(polls)} requests: 5 pollers, each 20 s`,
    },
    { what: "schedule", monthlyUsd: sweeps * prices.schedule.usd, how: `${count(sweeps)} invocations` },
    {
      what: "function sweep",
      monthlyUsd: sweeps * lambda,
      how: `${count(sweeps)} × ${sweepSeconds} s at ${sweep.memoryMiB} MiB`,
    },
    { what: "table, read", monthlyUsd: reads * prices.readUnit.usd, how: `${count(reads)} units, by the sweep` },
    { what: "table, written", monthlyUsd: writes * prices.writeUnit.usd, how: `${count(writes)} units, by the sweep` },
    {
      what: "settings and secrets",
      monthlyUsd: decrypts * prices.kmsRequest.usd,
      how: `${count(decrypts)} uses of the default key; the rest is free`,
    },
  ];
}

function chosenItems({ dashboard, endpointZones, privateWay }: IdleChoices): CostItem[] {
  const page = { what: "dashboard", monthlyUsd: prices.dashboard.usd, how: "1 × 3 USD", setting: "dashboard" };
  const endpoint = endpointItem("interface endpoint", endpointZones, "ingress.vpcEndpointId");
  const further = privateWay.services.map((service) =>
    endpointItem(`interface endpoint ${service}`, privateWay.zones, `network.endpoints (${service})`),
  );
  return [...(dashboard ? [page] : []), ...(endpointZones > 0 ? [endpoint] : []), ...further];
}

function endpointItem(what: string, zones: number, setting: string): CostItem {
  const { usd } = prices.interfaceEndpointHour;
  return { what, monthlyUsd: zones * hours * usd, how: `${zones} zones × ${hours} h × ${usd} USD`, setting };
}

/** A snapshot holds what was written, so this is the most it can be. */
function imageItems({ systems, keptEach, sizeGiB }: IdleChoices["images"]): CostItem[] {
  if (systems === 0) return [];
  const kept = systems * keptEach;
  const builds = systems * weeksOfMonth;
  const buildUsd = builds * buildHours * prices.buildHour.usd;
  return [
    {
      ...{ what: "images", how: `${kept} snapshots of at most ${sizeGiB} GiB`, setting: "images.bake" },
      monthlyUsd: kept * sizeGiB * prices.snapshotGbMonth.usd,
    },
    {
      ...{ what: "builds of images", monthlyUsd: buildUsd, setting: "images.schedule" },
      how: `${builds.toFixed(1)} builds × ${buildHours} h × ${prices.buildHour.usd} USD, one a week for each system`,
    },
  ];
}

/** One sentence, where the fleet costs more than promised; it names the settings that do it, with their prices. */
export function costWarning({ monthlyUsd, items }: IdleCost): string | undefined {
  if (monthlyUsd <= idleLimitUsd) return undefined;
  const dear = items.filter(({ setting }) => setting !== undefined);
  const named = (dear.length > 0 ? dear : items).map(
    ({ what, monthlyUsd: usd, setting }) => `${setting ?? what} ${usd.toFixed(2)}`,
  );
  return `this fleet costs ${monthlyUsd.toFixed(2)} USD a month while idle, at list price; of that: ${named.join(", ")}`;
}

const toHundredths = (item: CostItem): CostItem => ({ ...item, monthlyUsd: rounded(item.monthlyUsd) });
/** To a hundredth of a cent. */
const rounded = (usd: number): number => Math.round(usd * 10_000) / 10_000;
const count = (number: number): string => Math.round(number).toLocaleString("en");
