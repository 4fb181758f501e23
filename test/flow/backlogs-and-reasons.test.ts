/** Of the same readers, a second time: work that piles up, and reasons that stand. */
import { drainFleet } from "../../runtime/flow/drain";
import { readWhy } from "../../runtime/flow/read-job";
import { ForgeWorld, listeningJob } from "../fakes/forge-world";
import { World } from "../fakes/flow-world";
import { someProfile, someSettings } from "../fixtures/records";

const second = 1_000;
const minute = 60 * second;

describe("more machines that never come up than one look takes", () => {
  it("are all ended in time: our own backlog is no sign that we were away", async () => {
    const count = 1_800;
    const limits = { maxRunners: count };
    const world = new World(
      someSettings([someProfile({ limits, timeouts: { bootMs: minute } })], { maxRunners: count }),
    );
    world.settings = { ...world.settings, sweep: { intervalMs: minute }, lease: { durationMs: minute } };
    for (let job = 0; job < count; job += 1) await world.submit();
    await world.pump();
    const first = new Set(world.compute.machines.map(({ runner }) => runner));
    expect(first.size).toBe(count);
    for (let round = 0; round < 6; round += 1) await world.turn(minute);
    expect(world.compute.machines.filter(({ runner }) => first.has(runner))).toEqual([]);
  });
});

describe("a job whose machine was asked to leave", () => {
  it("says what holds it back, though the agent takes its time", async () => {
    const { world, agent } = await listeningJob();
    await drainFleet({ now: false }, world.ports);
    await world.pump();
    await agent.beat();
    await world.turn(10 * second);
    expect(await readWhy(await world.forgeJob("a"), world.ports)).toMatchObject({ reason: "at-fleet-cap" });
  });
});

describe("a source's own word on a reach", () => {
  it("is not overwritten by a compute that failed meanwhile", async () => {
    const world = new ForgeWorld();
    world.forge.failWith("source-throttled");
    const launch = world.compute.launch.bind(world.compute);
    world.compute.launch = async (request) => {
      const outcomes = await launch(request);
      return [...outcomes, { runner: "nobody", outcome: "no-capacity", detail: "in every zone" }];
    };
    await world.tell(world.forge.queue({ id: "a" }));
    const [blocked] = Object.values((await world.view()).planner.blocked);
    expect(blocked).toMatchObject({ reason: "throttled", atSource: true });
  });
});
