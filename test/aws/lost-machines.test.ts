/** Machines that come to nothing, that are drained, and that AWS takes back. */
import { useMoto } from "./fleet-world";
import { nothing } from "./harness/left";
import { lightAgent } from "./harness/light-agent";
import type { AgentProgram } from "./harness/agent-life";
import { labels, RunningFleet } from "./harness/running-fleet";

const url = useMoto();
let fleet: RunningFleet;
afterEach(() => fleet.stop());

/** The first so many machines get no further than told. */
function first(count: number, until: "boot" | "enrolled" | "listening"): AgentProgram {
  let booted = 0;
  return (life) => {
    booted += 1;
    return lightAgent(booted <= count ? { until } : {})(life);
  };
}

async function endsWell(job: { readonly status: string; readonly conclusion: string | null }): Promise<void> {
  await fleet.inTime(() => job.status === "completed" && !fleet.hasMachines);
  expect(job.conclusion).toBe("success");
  await fleet.untilEmpty();
  expect(await fleet.left()).toEqual(nothing);
}

describe("a machine", () => {
  it.each([true, false])(
    "that dies right after it was made is replaced (told by an event: %s)",
    async (tellsEvents) => {
      fleet = await RunningFleet.start(url(), { tellsEvents });
      const { machines } = fleet.proxy;
      const boot = machines.onMade.bind(machines);
      const ends: Promise<void>[] = [];
      machines.onMade = (machine) => {
        boot(machine);
        if (machines.made.size === 1) ends.push(fleet.end(machine.id));
      };
      const job = fleet.github.queueJob("acme/widgets", { labels });
      await endsWell(job);
      await Promise.all(ends);
      expect(machines.made.size).toBe(2);
    },
  );

  it.each(["boot", "enrolled"] as const)(
    "that gets no further than %s is ended in its time, and replaced",
    async (until) => {
      fleet = await RunningFleet.start(url(), { agent: first(1, until) });
      await endsWell(fleet.github.queueJob("acme/widgets", { labels }));
      expect(fleet.proxy.machines.made.size).toBe(2);
    },
  );

  it("that ends while it listens is replaced, by the event alone", async () => {
    fleet = await RunningFleet.start(url(), { agent: first(1, "listening") });
    fleet.github.pauseAssignment();
    const job = fleet.github.queueJob("acme/widgets", { labels });
    await fleet.until(() => fleet.github.runners.some(({ online }) => online));
    const [machine = ""] = fleet.proxy.machines.made.keys();
    await fleet.end(machine);
    await fleet.until(() => fleet.proxy.machines.made.size === 2, "another one is made");
    fleet.github.resumeAssignment();
    await fleet.until(() => job.status === "completed");
    await endsWell(job);
  });
});

describe("while AWS", () => {
  const pools = { types: ["m7i.large", "m7a.large"] };

  it("has no spot capacity, on-demand is taken", async () => {
    fleet = await RunningFleet.start(url(), { compute: pools });
    fleet.proxy.rooms.set({ market: "spot", room: 0 });
    await endsWell(fleet.github.queueJob("acme/widgets", { labels }));
    expect([...fleet.proxy.machines.made.values()].map(({ market }) => market)).toEqual(["on-demand"]);
  });

  it("has fewer machines than asked for, those there are run their jobs, and the others follow when there is room", async () => {
    fleet = await RunningFleet.start(url(), { compute: { ...pools, spot: "only" } });
    fleet.proxy.rooms.set({ room: 2 });
    const run = fleet.github.queueRun("acme/widgets", { jobs: Array.from({ length: 4 }, () => ({ labels })) });
    await fleet.inTime(() => run.jobs.filter(({ status }) => status === "completed").length === 2);
    const waiting = run.jobs.find(({ status }) => status !== "completed");
    await fleet.inTime(async () => (await fleet.why(waiting ?? { id: 0 })) === "no-capacity");
    fleet.proxy.rooms.clear();
    await fleet.inTime(() => run.jobs.every(({ status }) => status === "completed") && !fleet.hasMachines);
    expect(fleet.proxy.machines.made.size).toBe(4);
  });

  it("refuses more of one market, the other is taken; of both, the job says quota, and runs once there is room", async () => {
    fleet = await RunningFleet.start(url());
    fleet.proxy.walls.set("spot");
    await endsWell(fleet.github.queueJob("acme/widgets", { labels }));
    fleet.proxy.walls.set("on-demand");
    const job = fleet.github.queueJob("acme/widgets", { labels });
    await fleet.inTime(async () => (await fleet.why(job)) === "quota");
    fleet.proxy.walls.clear();
    await endsWell(job);
  });

  it("throttles, loses answers and lists late, one machine is made for the job", async () => {
    fleet = await RunningFleet.start(url());
    fleet.proxy.lagMs = 30_000;
    fleet.proxy.upset({ action: "CreateFleet", how: "throttle" });
    fleet.proxy.upset({ action: "CreateFleet", how: "lose" });
    fleet.proxy.upset({ service: "dynamodb", caller: "work", how: "throttle", times: 3 });
    fleet.proxy.upset({ service: "dynamodb", caller: "agent", how: "fail", times: 2 });
    await endsWell(fleet.github.queueJob("acme/widgets", { labels }));
    expect(fleet.proxy.machines.made.size).toBe(1);
  });
});

describe("a fleet that is drained", () => {
  it("lets its machines go, makes no new ones, and has none left", async () => {
    fleet = await RunningFleet.start(url());
    fleet.github.pauseAssignment();
    const jobs = Array.from({ length: 3 }, () => fleet.github.queueJob("acme/widgets", { labels }));
    await fleet.until(() => fleet.github.runners.filter(({ online }) => online).length === jobs.length);
    const headers = { "content-type": "application/json" };
    const drain = (body: object) => fleet.api({ path: "/api/v1/drain", headers, body: JSON.stringify(body) });
    expect((await drain({})).statusCode).toBe(202);
    await fleet.inTime(() => !fleet.hasMachines);
    await fleet.untilEmpty();
    expect(await fleet.left()).toEqual(nothing);
    expect(fleet.proxy.machines.made.size).toBe(3);
    fleet.github.resumeAssignment();
    await drain({ resume: true });
    await fleet.inTime(() => jobs.every(({ status }) => status === "completed") && !fleet.hasMachines);
  });
});
