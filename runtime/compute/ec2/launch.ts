/** Makes the machines of one launch: market after market, until all are there or none of them has more. */
import { machineTags } from "../../core/aws-identity";
import type { FleetFacts, MachineFacts } from "../../core/fleet-facts";
import { OnejobError } from "../../core/errors";
import { LaunchRefusal } from "../../core/launch-refusal";
import type { LaunchRequest, MachineOutcome } from "../../core/ports";
import type { Ec2ComputeSettings } from "../../core/settings";
import { apiError } from "./failures";
import { type Failure, createFleet } from "./fleet-call";
import type { Host } from "./host";
import type { FoundInstance, Tags } from "./instances";
import { machinesOfLaunch, Pairs, writePairs } from "./pairing";
import { type Market, type Pool, poolsOf } from "./pools";
import { type Refusal, refusalOf, worstUseful } from "./refusal";
import { terminateMachines } from "./terminate";

/** Calls of one launch. Only a launch that is repeated again and again with other words gets there. */
const mostAttempts = 20;
/** No further market after that time: whoever launched waits 30 s. */
const longestMs = 18_000;
/** How long EC2 may take to show what another process has made. */
const unseenMs = 2_000;

export async function launchMachines(host: Host, request: LaunchRequest): Promise<readonly MachineOutcome[]> {
  const runners = request.machines.map(({ runner }) => runner);
  const pairs = new Pairs(runners);
  const refusal = await fill(pairs, request, host).catch((error: unknown): Refusal => {
    if (!(error instanceof LaunchRefusal)) throw error;
    return { outcome: error.outcome, detail: error.message };
  });
  const untold = await writePairs(host, pairs);
  await endUntold(
    host,
    [...untold.keys()].flatMap((runner) => pairs.machineOf(runner) ?? []),
  );
  return runners.map((runner): MachineOutcome => {
    const [machine, refused] = [pairs.machineOf(runner), untold.get(runner)];
    if (refused !== undefined) return { runner, outcome: refused.outcome, detail: refused.message };
    return machine === undefined ? { runner, ...refusal } : { runner, outcome: "launched", machine };
  });
}

/**
 * A machine that does not say whose it is could never prove it, and once the launch is answered it is in no count. Throws
 * when it may run on for a reason that passes: the launch stays open then, and is made again.
 */
async function endUntold(host: Host, machines: readonly string[]): Promise<void> {
  if (machines.length === 0) return;
  try {
    await terminateMachines(host, machines);
  } catch (error) {
    if (apiError(error instanceof OnejobError ? error.cause : error).kind !== "config") throw error;
    host.log.error("machines of nobody could not be ended, the sweep ends them", { machines, error });
  }
}

/** Everything about a launch that stays the same from call to call. */
interface Plan extends Omit<LaunchRequest, "machines" | "market"> {
  readonly machines: MachineFacts;
  readonly pairs: Pairs;
}

async function fill(pairs: Pairs, request: LaunchRequest, host: Host): Promise<Refusal> {
  const { launch, token, profile, market: insistedOn } = request;
  const compute = computeOf(profile, host);
  const machines = machinesOf(host.facts, profile);
  const began = host.clock.now();
  const plan = { launch, token, profile, machines, pairs };
  const calls: (readonly Failure[])[] = [];
  let markets = marketsOf(compute, insistedOn);
  let attempt = 0;
  while (pairs.missing.length > 0) {
    const [market, ...later] = markets;
    if (market === undefined || attempt >= mostAttempts || host.clock.now() - began > longestMs) break;
    const open = host.memory.open(market, poolsOf(compute, machines));
    const hasOther = later.some((other) => other !== market);
    if (open.length === 0 && hasOther) {
      markets = later.filter((other) => other !== market);
      continue;
    }
    attempt += 1;
    const pools = open.length === 0 ? poolsOf(compute, machines) : open;
    const failures = await call(plan, { market, attempt, pools }, host);
    if (failures === "used") continue;
    calls.push(failures);
    markets = nextMarkets(failures, later);
  }
  return refusalOf(calls);
}

interface Step {
  readonly market: Market;
  readonly attempt: number;
  readonly pools: readonly Pool[];
}

async function call(plan: Plan, step: Step, host: Host): Promise<readonly Failure[] | "used"> {
  const { pairs, ...same } = plan;
  const runners = pairs.missing;
  const answer = await createFleet({ ...same, ...step, runners }, host);
  const ids = { launch: plan.launch, profile: plan.profile, call: step.attempt, market: step.market };
  if (answer.kind === "used") {
    host.log.info("the launch was made before, and its machines are looked up", ids);
    await host.pause(unseenMs);
    const tags = { [machineTags.attempt]: String(step.attempt) };
    pairs.adopt(withNamed(await machinesOfLaunch(host, plan.launch), answer.ids, tags));
    return "used";
  }
  pairs.give(answer.ids, { written: runners.length === 1 });
  const empty = answer.failures.filter(({ kind }) => kind === "capacity").flatMap(({ pools }) => pools);
  host.memory.isEmpty(step.market, empty);
  const codes = [...new Set(answer.failures.map(({ code }) => code))];
  host.log.info("machines asked for", { ...ids, wanted: runners.length, machines: answer.ids, codes });
  return answer.failures;
}

/** What AWS has just named is there, even where the list does not show it yet. */
function withNamed(found: readonly FoundInstance[], ids: readonly string[], tags: Tags): readonly FoundInstance[] {
  const shown = new Set(found.map(({ id }) => id));
  return [...found, ...ids.filter((id) => !shown.has(id)).map((id) => ({ id, state: "pending", tags }))];
}

/** Spot and on-demand have quotas of their own, but no other market helps what is set up wrong or throttled. */
function nextMarkets(failures: readonly Failure[], later: readonly Market[]): readonly Market[] {
  switch (worstUseful(failures)) {
    case "capacity":
      return later;
    case "quota":
      return later.filter((market) => failures.every((failure) => failure.market !== market));
    case "throttle":
    case "config":
      return [];
  }
}

/** What was interrupted has on-demand first; and spot all the same, for where there is nothing else it would wait for long. */
function marketsOf({ spot, spotAttempts }: Ec2ComputeSettings, insistedOn?: Market): readonly Market[] {
  if (spot === "only") return ["spot"];
  if (spot === "never") return ["on-demand"];
  if (insistedOn === "on-demand") return ["on-demand", "spot"];
  return [...Array.from({ length: spotAttempts }, () => "spot" as const), "on-demand"];
}

function computeOf(name: string, { profiles }: Host): Ec2ComputeSettings {
  const compute = profiles().find((profile) => profile.name === name)?.compute;
  if (compute?.kind === "ec2") return compute;
  const fix = "add it again, or let its jobs go elsewhere";
  throw new LaunchRefusal("misconfigured", `profile ${name} is not one of compute ec2 (any more); ${fix}`);
}

/** Own properties only: a profile may be called `constructor`. */
export function machineFactsOf({ machines }: FleetFacts, profile: string): MachineFacts | undefined {
  return Object.hasOwn(machines, profile) ? machines[profile] : undefined;
}

function machinesOf(facts: FleetFacts, profile: string): MachineFacts {
  const machines = machineFactsOf(facts, profile);
  if (machines !== undefined && machines.subnets.length > 0) return machines;
  throw new LaunchRefusal("misconfigured", `profile ${profile} has no launch template or subnet yet; run pulumi up`);
}
