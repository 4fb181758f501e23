import { setTimeout as sleep } from "node:timers/promises";
import { mostCallsOfOne, mostUntilEnrolment } from "./call-bounds";
import { useMoto } from "./fleet-world";
import type { AgentProgram } from "./harness/agent-life";
import { nothing } from "./harness/left";
import { lightAgent } from "./harness/light-agent";
import { labels, RunningFleet } from "./harness/running-fleet";

const url = useMoto();
let fleet: RunningFleet;
afterEach(() => fleet.stop());

const bootMs = 700;

/** As machines do: it has something to ask for when it is up. */
function booting(): AgentProgram {
  const program = lightAgent({ restMs: 5_000 });
  return async (life) => {
    await sleep(bootMs, undefined, { signal: life.signal });
    await program(life);
  };
}

interface Cost {
  readonly calls: number;
  readonly untilEnrolment: number;
  /** Of GitHub. */
  readonly asked: readonly unknown[];
}

/** What a sweep asks, that of each minute, is nobody's. */
async function runOne(): Promise<Cost> {
  const { calls, machines } = fleet.proxy;
  calls.forget();
  fleet.github.calls.clear();
  const before = machines.made.size;
  const job = fleet.github.queueJob("acme/widgets", { labels, script: "sleep 1" });
  await fleet.until(() => job.status === "completed", "the job ends");
  expect(job.conclusion).toBe("success");
  const asked = fleet.github.calls.all.map(({ template }) => template);
  await fleet.untilEmpty();
  expect(await fleet.left()).toEqual(nothing);
  expect(machines.made.size).toBe(before + 1);
  const all = calls.all.filter(({ caller }) => caller !== "sweep");
  return { calls: all.length, untilEnrolment: all.findIndex(({ item }) => item === "ENROLMENT") + 1, asked };
}

describe("a job of GitHub on a fleet", () => {
  it("goes from a signed webhook to a terminated instance, and nothing of it is left; the next costs fewer calls, one of them GitHub's", async () => {
    fleet = await RunningFleet.start(url(), { agent: booting() });
    const first = await runOne();
    const second = await runOne();
    expect(fleet.machines.troubles).toEqual([]);
    console.info(fleet.proxy.calls.perJob(1), { first, second });
    expect(second.asked).toEqual(["/orgs/{org}/actions/runners/generate-jitconfig"]);
    expect(first.untilEnrolment).toBeLessThanOrEqual(mostUntilEnrolment.cold);
    expect(first.calls).toBeLessThanOrEqual(mostCallsOfOne.cold);
    expect(second.untilEnrolment).toBeLessThanOrEqual(mostUntilEnrolment.warm);
    expect(second.calls).toBeLessThanOrEqual(mostCallsOfOne.warm);
  });
});
