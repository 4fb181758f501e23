/** Asks EC2 for the machines that runners of a launch lack: market after market, until all are there or none has more. */
import { machineTags } from "../../core/aws-identity";
import { type FleetFacts, type MachineFacts, machineFactsOf } from "../../core/fleet-facts";
import { LaunchRefusal } from "../../core/launch-refusal";
import type { LaunchRequest } from "../../core/ports";
import type { Ec2ComputeSettings } from "../../core/settings";
import { type Failure, createFleet } from "./fleet-call";
import type { Host } from "./host";
import type { FoundInstance, Tags } from "./instances";
import { marketsOf, nextMarkets } from "./markets";
import { machinesOfLaunch, type Pairs } from "./pairing";
import { type Market, type Pool, poolsOf } from "./pools";
import { type Refusal, refusalOf } from "./refusal";

/** Calls of one launch. Only a launch that is repeated again and again with other words gets there. */
const mostAttempts = 20;
/** No further market after that time: machines have to be told whose they are in the time that is left. */
const longestMs = 18_000;
/** How long EC2 may take to show what another process has made. */
const unseenMs = 2_000;

/** Everything about a launch that stays the same from call to call. */
interface Plan extends Omit<LaunchRequest, "machines" | "market" | "repeated"> {
  readonly machines: MachineFacts;
  readonly pairs: Pairs;
}

/** Why what is still missing is missing. Throws `LaunchRefusal` when nothing can be asked for. */
export async function fill(pairs: Pairs, request: LaunchRequest, host: Host): Promise<Refusal> {
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

/** What kept machines away; `used`: the words were those of another call, and what that one made is found. */
async function call(plan: Plan, step: Step, host: Host): Promise<readonly Failure[] | "used"> {
  const { pairs, ...same } = plan;
  const { market, attempt } = step;
  const runners = pairs.missing;
  host.budget.called();
  const answer = await createFleet({ ...same, ...step, runners }, host);
  const ids = { launch: plan.launch, profile: plan.profile, call: attempt, market };
  if (answer.kind === "used") {
    host.log.info("the launch was made before, and its machines are looked up", ids);
    await findMade(plan, { attempt, named: [] }, host);
    return "used";
  }
  const { ids: named, failures } = answer;
  if (answer.kind === "short") await findMade(plan, { attempt, named }, host);
  else pairs.give(named, { written: runners.length === 1 });
  const codes = [...new Set(failures.map(({ code }) => code))];
  host.log.info("machines asked for", { ...ids, wanted: runners.length, machines: named, codes });
  if (answer.kind === "short" && pairs.missing.length === 0) return [];
  const empty = failures.filter(({ kind }) => kind === "capacity").flatMap(({ pools }) => pools);
  host.memory.isEmpty(market, empty);
  return failures;
}

/** What was ever made for this launch. What AWS has just named is there, even where the list does not show it yet. */
async function findMade(
  { pairs, launch }: Plan,
  { attempt, named }: { readonly attempt: number; readonly named: readonly string[] },
  host: Host,
): Promise<void> {
  await host.pause(unseenMs);
  const found = await machinesOfLaunch(host, launch);
  const shown = new Set(found.map(({ id }) => id));
  const tags: Tags = { [machineTags.attempt]: String(attempt) };
  const unshown = named.filter((id) => !shown.has(id)).map((id): FoundInstance => ({ id, state: "pending", tags }));
  pairs.adopt([...found, ...unshown]);
}

function computeOf(name: string, { profiles }: Host): Ec2ComputeSettings {
  const compute = profiles().find((profile) => profile.name === name)?.compute;
  if (compute?.kind === "ec2") return compute;
  const fix = "add it again, or let its jobs go elsewhere";
  throw new LaunchRefusal("misconfigured", `profile ${name} is not one of compute ec2 (any more); ${fix}`);
}

function machinesOf(facts: FleetFacts, profile: string): MachineFacts {
  const machines = machineFactsOf(facts, profile);
  if (machines !== undefined && machines.subnets.length > 0) return machines;
  throw new LaunchRefusal("misconfigured", `profile ${profile} has no launch template or subnet yet; run pulumi up`);
}
