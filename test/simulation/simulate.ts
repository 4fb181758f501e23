/** One run: builds the world of a scenario, lets it live until everything is over, and says what became of it. */
import type { Ledger, Log, Meter, Random, Tokens } from "../../runtime/core/ports";
import type { Settings } from "../../runtime/core/settings";
import { apiSource } from "../../runtime/sources/api";
import { MemoryFiles } from "../fakes/memory-files";
import { MemoryLedger } from "../fakes/memory-ledger";
import { noon, someProfile, someSettings } from "../fixtures/records";
import { Deliveries } from "./deliveries";
import { Dice } from "./dice";
import type { FaultName } from "./faults";
import { ForgeTruth } from "./forge-truth";
import { IndexLag } from "./index-lag";
import { Judge, type Violation } from "./judge";
import { Kernel } from "./kernel";
import { People } from "./people";
import { faultsOf, planOf, type Plan, type Scenario } from "./scenario";
import { Server, type Doors } from "./server";
import { CloudTruth, SimCloud } from "./sim-cloud";
import { forgeName, ForgeWeather, SimForge } from "./sim-forge";
import { SimLedger } from "./sim-ledger";
import { SimAgent } from "./sim-machine";
import { QueueStore, SimQueue } from "./sim-queue";
import { Story } from "./story";
import type { Strand } from "./strand";
import { switches, type SwitchName } from "./switches";
import { toldDoors } from "./told-doors";

const minute = 60_000;
/** For so long after the last arrival everything may go wrong; then it has to come to rest in so long. */
const stormMs = 30 * minute;
const restMs = 8 * 60 * minute;

export interface Outcome {
  readonly scenario: Scenario;
  readonly plan: Plan;
  readonly violation: Violation | undefined;
  /** Jobs that came up, re-runs included. */
  readonly jobs: number;
  readonly faults: ReadonlyMap<FaultName, number>;
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
  if (violation !== undefined) story?.note("JUDGE", `${violation.promise} is broken: ${violation.what}`);
  return {
    scenario,
    plan,
    violation,
    jobs: world.forge.jobs.size + plan.arrivals.filter(({ kind }) => kind === "api").length,
    faults: dice.counts,
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
  const judge = new Judge(kernel, { profile: plan.profileCap, fleet: plan.fleetCap });
  const deliveries: Deliveries = new Deliveries({ kernel, dice }, (id) => server.hear(id));
  const forge = new ForgeTruth({
    ...{ kernel, dice },
    watch: {
      moved: (job) => {
        story?.note("forge", ["job", job.id, "is", job.conclusion ?? job.state, "on", job.runner ?? "none"].join(" "));
        deliveries.tell(job);
      },
      runOver: (run) => deliveries.tellRunOver(run),
    },
  });
  const weather = new ForgeWeather(forge);
  const agents = new Map<string, SimAgent>();
  const cloud = new CloudTruth({
    ...{ kernel, dice },
    watch: {
      machineStarted: (machine) => {
        story?.note("cloud", `machine ${machine.runner} of launch ${machine.launch} starts`);
        judge.machineStarted(machine);
        const agent = new SimAgent(machine, agentParts);
        agents.set(machine.runner, agent);
        void agent.live();
      },
      machineTaken: (runner) => judge.machineTaken(runner, agents.get(runner)?.work),
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
  const queue = new QueueStore(kernel, dice);
  const lag = new IndexLag(kernel, dice);
  const files = new MemoryFiles();
  const doorsOf = (strand: Strand): Doors => ({
    source: (name: string) =>
      name === forgeName ? new SimForge(strand, { truth: forge, weather, deliveries }) : ownSource,
    compute: () => new SimCloud(strand, cloud, tokens),
    ledger: new SimLedger(strand, { store, dice, lag, watch: judge }),
    queue: new SimQueue(strand, queue, dice),
    files,
  });
  const lacking = without === undefined ? (doors: Doors) => doors : switches[without].lacking;
  const toldOf = (strand: Strand) => (story ? toldDoors(doorsOf(strand), { strand, story }) : doorsOf(strand));
  const doorsFor = (strand: Strand) => lacking(toldOf(strand), strand);
  const host = plan.host;
  const onStart = () => judge.serverStarted();
  const common = { kernel, dice, queue, tokens, doorsFor, host, onStart, meter: silentMeter, random: randomFrom(dice) };
  const server: Server = new Server({ ...common, settings: settingsFor(plan), log: story?.log() ?? silentLog });
  const commandOf = (name: string) => commandFor(plan, name);
  const agentParts = { kernel, dice, server, cloud, forge, watch: judge, commandOf };
  const people = new People({ kernel, dice, server, forge });
  return { kernel, dice, judge, forge, cloud, queue, server, people, weather };
}

/** Storm, then calm; a look every minute; over when nothing is left anywhere. */
async function live({ kernel, dice, judge, forge, server, people, weather }: World, plan: Plan): Promise<void> {
  const lastAt = plan.arrivals.reduce((latest, { afterMs }) => Math.max(latest, afterMs), 0);
  const calmAt = kernel.now() + lastAt + stormMs;
  for (const arrival of plan.arrivals) people.expect(arrival);
  server.start();
  kernel.after(calmAt - kernel.now(), () => {
    dice.calm();
    judge.calm();
  });
  kernel.every(minute, () => {
    judge.look(forge, { isFair: server.hasSwept() && weather.isFair });
    return true;
  });
  const isEmpty = () => judge.jobs.size + judge.runners.size + judge.machines.size + forge.open.size === 0;
  const isOver = () => people.waiting === 0 && isEmpty() && forge.runners.size === 0;
  await kernel.run(() => judge.violation !== undefined || isOver(), calmAt + restMs);
  judge.lookAtTheEnd(forge);
}

function settingsFor({ profileCap, fleetCap }: Plan): Settings {
  const timeouts = { queuedMs: 2 * 60 * minute, waitingMs: 6 * 60 * minute, jobMs: 60 * minute };
  const limits = { maxRunners: profileCap };
  const small = someProfile({ name: "small", limits, timeouts });
  const large = { ...someProfile({ name: "large", limits, timeouts }), labels: ["linux", "large"] };
  const settings = someSettings([small, large], { maxRunners: fleetCap });
  return {
    ...settings,
    lease: { durationMs: minute },
    sweep: { intervalMs: minute },
    sources: [...settings.sources, forgeSettings],
  };
}

const forgeSettings: Settings["sources"][number] = {
  ...{ name: forgeName, kind: "github", url: "https://forge.example", scopes: ["acme"], runnerGroup: "Default" },
  auth: { kind: "token", token: { env: "GH_TOKEN" } },
  webhookSecrets: [{ env: "GH_WEBHOOK_SECRET" }],
  intake: "both",
  poll: { intervalMs: 15_000 },
  recovery: { deliveriesMs: 300_000, runnersMs: 900_000, jobsMs: 600_000 },
  trust: null,
  runner: { path: "/opt/runner" },
};

function commandFor(plan: Plan, name: string): { readonly ms: number; readonly exitCode: number } {
  const arrival = plan.arrivals[Number(name.slice(1))];
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
