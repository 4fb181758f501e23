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

const count = 24;
const bootMs = 200;
const matrix = Array.from({ length: count }, (_, n) => ({ name: `test (${n})`, labels }));

/** They boot one after the other: the emulator takes about a hundred calls a second, AWS as many as there are. */
function oneByOne(): AgentProgram {
  const program = lightAgent({ restMs: 10_000 });
  let booted = 0;
  return async (life) => {
    await sleep(bootMs * (booted += 1), undefined, { signal: life.signal });
    await program(life);
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

describe("a matrix of 24 jobs, all webhooks at once", () => {
  it("gets as many machines by few calls, every job ends well, and nothing is left", async () => {
    fleet = await RunningFleet.start(url(), {
      agent: oneByOne(),
      hurries: false,
      ...{ workers: 2, profile: { limits: { maxRunners: count } }, base: { server: { maxRunners: count } } },
    });
    const most = watchCap();
    const run = fleet.github.queueRun("acme/widgets", { jobs: matrix });
    await fleet.until(() => run.jobs.every(({ status }) => status === "completed"), "all jobs end");
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
    fleet = await RunningFleet.start(url(), { workers: 2, doubles: true, profile: { limits: { maxRunners: cap } } });
    const most = watchCap();
    fleet.github.deliveryFaults = { doubled: 0.5, reordered: 0.2 };
    const jobs = matrix.slice(0, 20);
    const run = fleet.github.queueRun("acme/widgets", { jobs });
    await fleet.until(() => run.jobs.every(({ status }) => status === "completed"), "all jobs end");
    expect(new Set(run.jobs.map(({ conclusion }) => conclusion))).toEqual(new Set(["success"]));
    await fleet.untilEmpty();
    expect(await fleet.left()).toEqual(nothing);
    expect(most()).toBe(cap);
    // One for each job: none for a message that came twice.
    expect(fleet.proxy.machines.made.size).toBe(jobs.length);
  }, 200_000);
});
