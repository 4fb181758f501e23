/** One run: builds the world of a scenario, lets it live until everything is over, and says what became of it. */
import type { Ledger, Log, Meter, Random, Tokens } from "../../runtime/core/ports";
import { apiSource } from "../../runtime/sources/api";
import { MemoryFiles } from "../fakes/memory-files";
import { MemoryLedger } from "../fakes/memory-ledger";
import { noon } from "../fixtures/records";
import { Calls } from "./calls";
import { Costs, weigh, type Spent } from "./costs";
import { Deliveries } from "./deliveries";
import type { Truth } from "./demand";
import { Dice } from "./dice";
import type { FaultName } from "./faults";
import { ForgeTruth } from "./forge-truth";
import { IndexLag } from "./index-lag";
import { Judge, type Violation } from "./judge";
import { Kernel } from "./kernel";
import { People } from "./people";
import { faultsOf, planOf, type Plan, type Scenario } from "./scenario";
import { reloadNowAndThen } from "./reloads";
import { Server, type Doors } from "./server";
import { CloudTruth, SimCloud } from "./sim-cloud";
import { forgeName, ForgeWeather, SimForge } from "./sim-forge";
import { SimLedger } from "./sim-ledger";
import { SimAgent } from "./sim-machine";
import { capsOf, paceOf, settingsFor } from "./sim-settings";
import { QueueStore, SimQueue } from "./sim-queue";
import { Story, verdict } from "./story";
import type { Strand } from "./strand";
import { switches, type SwitchName } from "./switches";
import { untouched } from "./taken";
import { leftOver } from "./the-end";
import { toldDoors } from "./told-doors";

const minute = 60_000;
/** For so long after the last arrival everything may go wrong; then it has to come to rest in so long. */
const stormMs = 30 * minute;
const restMs = 8 * 60 * minute;
/** When all is over it is looked on for so long. */
const quietMs = 6 * minute;

export interface Outcome {
  readonly scenario: Scenario;
  readonly plan: Plan;
  readonly violation: Violation | undefined;
  /** Jobs that came up, re-runs included. */
  readonly jobs: number;
  readonly faults: ReadonlyMap<FaultName, number>;
  readonly spent: Spent;
  /** How often each call of each function of ours was the last thing it did. */
  readonly crashes: ReadonlyMap<string, number>;
  readonly happened: readonly string[];
  readonly steps: number;
  readonly tookMs: number;
  readonly story: Story | undefined;
}

export interface SimulateOptions {
  /** Keeps what happened, to be read. */
  readonly withStory?: boolean;
  /** Where the ledger is kept. @default in memory */
  readonly store?: (clock: Kernel) => Ledger;
}

export async function simulate(scenario: Scenario, options: SimulateOptions = {}): Promise<Outcome> {
  const kernel = new Kernel(noon);
  const { only } = scenario;
  const story = options.withStory === true ? new Story(kernel) : undefined;
  const dice = new Dice({
    ...{ seed: scenario.seed, kinds: faultsOf(scenario) },
    ...(only ? { only: new Set(only) } : {}),
    ...(story ? { onStrike: (strike) => story.noteFault(strike) } : {}),
  });
  const plan = planOf(scenario, dice);
  const world = build({
    kernel,
    dice,
    plan,
    story,
    without: scenario.without,
    store: options.store?.(kernel) ?? new MemoryLedger({ clock: kernel }),
  });
  await live(world, plan);
  const { violation } = world.judge;
  if (violation !== undefined) story?.note(verdict, `${violation.promise} is broken: ${violation.what}`);
  return {
    scenario,
    plan,
    violation,
    jobs: jobsOf(world),
    faults: dice.counts,
    spent: world.costs.spent,
    crashes: world.calls.crashes,
    happened: dice.happened,
    steps: kernel.steps,
    tookMs: kernel.now() - noon,
    story,
  };
}

type World = ReturnType<typeof build>;

interface Ground {
  readonly kernel: Kernel;
  readonly dice: Dice;
  readonly plan: Plan;
  readonly story: Story | undefined;
  readonly store: Ledger;
  readonly without: SwitchName | undefined;
}

function build({ kernel, dice, plan, story, store, without }: Ground) {
  const settings = settingsFor(plan);
  const costs = new Costs();
  const calls = new Calls(dice);
  const judge = new Judge(kernel, { caps: capsOf(settings), pace: paceOf(settings), market: plan.market });
  const deliveries: Deliveries = new Deliveries({ kernel, dice }, (id) => server.hear(id));
  const forge = new ForgeTruth({
    ...{ kernel, dice },
    watch: {
      moved: (job) => {
        story?.note("forge", ["job", job.id, "is", job.conclusion ?? job.state, "on", job.runner ?? "none"].join(" "));
        deliveries.tell(job);
      },
      runOver: (run) => deliveries.tellRunOver(run),
      ranAgain: (job, by) => judge.ranAgain(job, by),
    },
  });
  const weather = new ForgeWeather(forge);
  const agents = new Map<string, SimAgent>();
  const cloud = new CloudTruth({
    ...{ kernel, dice, market: plan.market },
    watch: {
      machineStarted: (machine) => {
        story?.note("cloud", `machine ${machine.runner} of launch ${machine.launch} starts`);
        judge.machineStarted(machine);
        costs.add("machines");
        const agent = new SimAgent(machine, agentParts);
        agents.set(machine.runner, agent);
        void agent.live();
      },
      noticed: (runner) => {
        story?.note("cloud", `machine ${runner} will be taken back`);
        judge.noticed(runner);
        people.seesNotice(runner);
      },
      said: (word) => server.hearCloud(word),
      machineTaken: (runner) => judge.machineTaken(runner, agents.get(runner)?.taken ?? untouched),
      machineEnded: (machine) => {
        story?.note("cloud", `machine ${machine.runner} ends`);
        judge.machineEnded(machine);
        const agent = agents.get(machine.runner);
        agents.delete(machine.runner);
        // What it does until it is off counts as much as before, if anybody listens to it.
        if (!dice.strikes("slow-end", machine)) return agent?.powerOff();
        kernel.after(dice.between(1_000, 40_000, "end"), () => agent?.powerOff());
      },
    },
  });
  const queue = new QueueStore({ kernel, dice, costs });
  const lag = new IndexLag(kernel, dice);
  const files = new MemoryFiles();
  const doorsOf = (strand: Strand): Doors => ({
    source: (name: string) =>
      name === forgeName ? new SimForge(strand, { truth: forge, weather, deliveries, costs }) : ownSource,
    compute: () => new SimCloud(strand, cloud, tokens),
    ledger: new SimLedger(strand, { store, dice, lag, watch: judge, costs }),
    queue: new SimQueue(strand, queue, dice),
    files,
  });
  const lacking = without === undefined ? (doors: Doors) => doors : switches[without].lacking;
  const toldOf = (strand: Strand) => (story ? toldDoors(doorsOf(strand), { strand, story }) : doorsOf(strand));
  const doorsFor = (strand: Strand) => lacking(toldOf(strand), strand);
  const host = plan.host;
  const onStart = () => judge.forgives();
  const common = {
    kernel,
    dice,
    calls,
    queue,
    tokens,
    doorsFor,
    host,
    onStart,
    meter: silentMeter,
    random: randomFrom(dice),
  };
  const server: Server = new Server({ ...common, settings, log: story?.log() ?? silentLog });
  const commandOf = (name: string) => commandFor(plan, name);
  const agentParts = { kernel, dice, calls, server, cloud, forge, watch: judge, commandOf };
  const people: People = new People({ kernel, dice, server, forge, watch: judge });
  const truth: Truth = { forge, agents, cloud };
  const reloads = reloadNowAndThen(settings, { kernel, dice, server, judge });
  return { kernel, dice, calls, reloads, costs, judge, truth, cloud, queue, server, people, weather };
}

/** Those that came up, wherever. */
function jobsOf({ judge, truth }: World): number {
  const ours = [...judge.jobs.keys(), ...judge.ended.keys()].filter((key) => key.startsWith("api/"));
  return truth.forge.jobs.size + ours.length;
}

/** `undefined`: there is something to do. */
function stirOf({ dice, judge, reloads, truth, queue, server, people }: World): number | undefined {
  const { forge } = truth;
  const machines = judge.machines.size + truth.cloud.unpaired.size;
  const open = judge.jobs.size + judge.runners.size + machines + forge.open.size + forge.runners.size;
  const isChanged = judge.fleet?.draining === true || reloads.pending() > 0;
  if (isChanged || open + queue.depth + leftOver(judge, 0).length > 0) return undefined;
  // Why it once had to wait is remembered for a while, and then taken out.
  if ([...judge.planners.values()].some(({ blocked }) => Object.keys(blocked).length > 0)) return undefined;
  return (
    people.asked +
    server.webhooks +
    server.words +
    judge.ended.size +
    forge.jobs.size +
    weigh({ faults: dice.counts, profileCap: 1 })
  );
}

/** Storm, then calm; a look every minute; over when nothing is left anywhere. */
async function live(world: World, plan: Plan): Promise<void> {
  const { kernel, dice, reloads, costs, judge, truth, cloud, queue, server, people, weather } = world;
  const lastAt = plan.arrivals.reduce((latest, { afterMs }) => Math.max(latest, afterMs), 0);
  const calmAt = kernel.now() + lastAt + stormMs;
  for (const arrival of plan.arrivals) people.expect(arrival);
  server.start();
  kernel.after(calmAt - kernel.now(), () => {
    dice.calm();
    judge.calm();
  });
  kernel.every(minute, () => {
    judge.note(costs.look(stirOf(world)));
    judge.look(truth, { swept: server.hasSwept() && weather.isFair, cloud: !cloud.isDown, asked: server.hasAsked() });
    return true;
  });
  const isEmpty = () =>
    judge.jobs.size + judge.runners.size + judge.machines.size + truth.forge.open.size + cloud.unpaired.size === 0;
  // A launch without an answer cannot be closed before its cloud answers again.
  const isOver = () =>
    people.waiting + queue.depth + reloads.pending() === 0 &&
    isEmpty() &&
    truth.forge.runners.size === 0 &&
    !cloud.isDown;
  await kernel.run(() => judge.violation !== undefined || isOver(), calmAt + restMs);
  dice.calm();
  // What nobody waits for any more may take some sweeps to be put away.
  const isAtRest = () => judge.violation !== undefined || leftOver(judge, queue.depth).length === 0;
  await kernel.run(isAtRest, kernel.now() + 10 * judge.pace.sweepMs);
  judge.lookAtTheEnd(truth, queue.depth);
  const minutes = (kernel.now() - noon) / minute;
  judge.note(costs.tooMuch({ jobs: jobsOf(world), faults: dice.counts, minutes, profileCap: plan.profileCap }));
  await kernel.run(() => judge.violation !== undefined, kernel.now() + quietMs);
  judge.note(judge.violation === undefined ? costs.look(stirOf(world)) : undefined);
}

function commandFor(plan: Plan, name: string): { readonly ms: number; readonly exitCode: number } {
  const arrival = plan.arrivals.find(({ index }) => index === Number(name.slice(1)));
  if (arrival === undefined) throw new Error(`no job is called ${name}`);
  return { ms: arrival.durationMs, exitCode: arrival.exitCode };
}

const ownSource = apiSource();
const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const silentMeter: Meter = { count: () => {}, observe: () => {} };

const tokens: Tokens = {
  mint: (kind, subject) => `${kind}:${subject}`,
  check: (kind, token) => (token.startsWith(`${kind}:`) ? token.slice(kind.length + 1) : undefined),
};

/** Names count up: they differ, and are the same in every run. */
function randomFrom(dice: Dice): Random {
  let made = 0;
  const next = (length: number) => (++made).toString(36).padStart(length, "0");
  return { id: next, ulid: () => next(26), fraction: () => dice.fraction("jitter") };
}
