import { setTimeout as sleep } from "node:timers/promises";
import { mostCallsPerJob, mostCreateFleets } from "./call-bounds";
import { useMoto } from "./fleet-world";
import { nothing } from "./harness/left";
import type { AgentProgram } from "./harness/agent-life";
import { lightAgent } from "./harness/light-agent";
import { labels, RunningFleet } from "./harness/running-fleet";

const url = useMoto();
let fleet: RunningFleet;
afterEach(() => fleet.stop());

const count = 60;
const matrix = Array.from({ length: count }, (_, n) => ({ name: `test (${n})`, labels }));

/** How many machines one computer can be at once, beside the functions: the others are still booting then. */
const atOnce = 6;

/** A job lasts longer than word of its beginning is on its way. */
async function untilKnown(job: { readonly id: number }, signal: AbortSignal): Promise<void> {
  while ((await fleet.world.job(fleet.keyOf(job)))?.state !== "running") await sleep(50, undefined, { signal });
}

/** Machines that boot longer than their launch takes, as AWS's do: from `begin` on, so many at once. */
class SlowBoots {
  begin: () => void = () => undefined;
  readonly #begun = new Promise<void>((resolve) => (this.begin = resolve));
  readonly #lanes = Array.from({ length: atOnce }, () => this.#begun);
  #next = 0;

  readonly agent: AgentProgram = (life) => {
    const lane = this.#next++ % atOnce;
    const ended = new Promise<void>((resolve) => life.signal.addEventListener("abort", () => resolve()));
    const alone = lightAgent({ restMs: 10_000, lasts: untilKnown });
    life.rests();
    const mine = Promise.race([this.#lanes[lane], ended]).then(() => alone(life));
    this.#lanes[lane] = mine.catch(() => undefined);
    return mine;
  };
}

/** Machines alive at once, at most, and after each message that is handled. */
function watchCap(): () => number {
  let most = 0;
  const { machines } = fleet.proxy;
  const onMade = machines.onMade.bind(machines);
  machines.onMade = (machine) => {
    most = Math.max(most, machines.made.size - machines.gone.size);
    onMade(machine);
  };
  return () => most;
}

describe("a matrix of 60 jobs, all webhooks at once", () => {
  it("gets as many machines by few calls, every job ends well, and nothing is left", async () => {
    const boots = new SlowBoots();
    fleet = await RunningFleet.start(url(), {
      agent: boots.agent,
      hurries: false,
      table: "embedded",
      ...{ workers: 2, profile: { limits: { maxRunners: count } }, base: { server: { maxRunners: count } } },
    });
    const most = watchCap();
    const run = fleet.github.queueRun("acme/widgets", { jobs: matrix });
    await fleet.untilQuiet();
    boots.begin();
    for (const job of run.jobs) await fleet.until(() => job.status === "completed", job.name);
    expect(new Set(run.jobs.map(({ conclusion }) => conclusion))).toEqual(new Set(["success"]));
    await fleet.untilEmpty();
    expect(await fleet.left()).toEqual(nothing);
    expect(fleet.machines.troubles).toEqual([]);
    expect(fleet.proxy.machines.made.size).toBe(count);
    expect(most()).toBeLessThanOrEqual(count);
    console.info(fleet.proxy.calls.perJob(count));
    expect(fleet.proxy.calls.count({ action: "CreateFleet" })).toBeLessThanOrEqual(mostCreateFleets);
    expect(fleet.proxy.calls.count() / count).toBeLessThanOrEqual(mostCallsPerJob);
  }, 200_000);

  it("never has more machines than its cap, however its messages are doubled and split among two functions", async () => {
    const cap = 5;
    fleet = await RunningFleet.start(url(), {
      table: "embedded",
      ...{ workers: 2, doubles: true },
      profile: { limits: { maxRunners: cap } },
    });
    const most = watchCap();
    fleet.github.deliveryFaults = { doubled: 0.5, reordered: 0.2 };
    const jobs = matrix.slice(0, 20);
    const run = fleet.github.queueRun("acme/widgets", { jobs });
    for (const job of run.jobs) await fleet.until(() => job.status === "completed", job.name);
    expect(new Set(run.jobs.map(({ conclusion }) => conclusion))).toEqual(new Set(["success"]));
    await fleet.untilEmpty();
    expect(await fleet.left()).toEqual(nothing);
    expect(most()).toBe(cap);
    // One for each job: none for a message that came twice.
    expect(fleet.proxy.machines.made.size).toBe(jobs.length);
  }, 200_000);
});
