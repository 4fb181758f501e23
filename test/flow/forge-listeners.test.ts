import { readWhy } from "../../runtime/flow/read-job";
import { forgiveFailures } from "../../runtime/flow/reach-state";
import { ForgeWorld, listeningJob } from "../fakes/forge-world";
import { someProfile } from "../fixtures/records";

const minute = 60_000;

describe("runners that nobody wants", () => {
  const impatient = { profiles: [someProfile({ timeouts: { idleMs: 10_000 } })] };

  async function passOver(world: ForgeWorld): Promise<void> {
    await world.allUp();
    await world.turn(11_000);
    for (const agent of world.agents()) {
      if ((await world.runner(agent.runner))?.draining !== true) continue;
      world.forge.leaves(agent.runner);
      await agent.finish(0);
    }
    await world.turn(1_000);
  }

  it("are not made without end: after three the job says runner-not-eligible", async () => {
    const world = new ForgeWorld(impatient);
    await world.tell(world.forge.queue({ id: "a" }));
    for (let round = 0; round < 4; round += 1) await passOver(world);
    expect(world.compute.started).toHaveLength(3);
    const why = await readWhy(await world.forgeJob("a"), world.ports);
    expect(why).toMatchObject({ waiting: true, reason: "runner-not-eligible" });
  });

  it("are tried by one probe every quarter of an hour, and a job that starts ends the pause", async () => {
    const world = new ForgeWorld(impatient);
    await world.tell(world.forge.queue({ id: "a" }), world.forge.queue({ id: "b" }));
    for (let round = 0; round < 4; round += 1) await passOver(world);
    const before = world.compute.started.length;
    await world.turn(15 * minute);
    expect(world.compute.started).toHaveLength(before + 1);
    await world.allUp();
    const taken = world.forge.assign();
    await world.tell(...(taken ? [taken.event] : []));
    expect(world.compute.started).toHaveLength(before + 2);
  });
});

describe("an agent that installs its listener first", () => {
  it("has the time it needs as long as it is heard of, and after a quarter of an hour is asked to leave", async () => {
    const world = new ForgeWorld({ profiles: [someProfile({ timeouts: { bootMs: 30_000 } })] });
    await world.tell(world.forge.queue({ id: "a" }));
    const [agent] = world.agents();
    await agent?.enrol();
    for (let waited = 0; waited < 5; waited += 1) {
      await world.turn(20_000);
      await agent?.beat();
    }
    expect(world.machines()).toEqual([agent?.runner]);
    let asked = false;
    for (let waited = 0; waited < 48 && !asked; waited += 1) {
      asked = (await agent?.beat())?.drain === true;
      await world.turn(20_000);
    }
    expect(asked).toBe(true);
    expect(world.compute.started).toHaveLength(2);
  });

  it("is replaced at its boot time-out when it is silent, and ended ten minutes later", async () => {
    const world = new ForgeWorld({ profiles: [someProfile({ timeouts: { bootMs: 30_000 } })] });
    await world.tell(world.forge.queue({ id: "a" }));
    const [agent] = world.agents();
    await agent?.enrol();
    await world.turn(31_000);
    expect(world.compute.started).toHaveLength(2);
    for (let waited = 0; waited < 11; waited += 1) await world.turn(60_000);
    expect(world.machines()).not.toContain(agent?.runner);
  });
});

describe("a listener that will not start", () => {
  it.each(["boot-failing", "misconfigured"] as const)("is told as %s with what it said", async (reason) => {
    const { world, agent } = await listeningJob();
    await agent.finish(7, reason, "the runner is too old for the server (exit 7)");
    await world.pump();
    const why = await readWhy(await world.forgeJob("a"), world.ports);
    expect(why.what).toContain("exit 7");
    expect(why.reason).toBe(reason);
  });

  it("is tried again once somebody has changed the settings", async () => {
    const world = new ForgeWorld();
    await world.tell(world.forge.queue({ id: "a" }));
    for (let round = 0; round < 6; round += 1) {
      for (const agent of world.agents()) {
        await agent.enrol();
        await agent.finish(null, "misconfigured", "there is no bin/Runner.Listener in /opt/runner");
      }
      await world.turn(minute);
    }
    const before = world.compute.started.length;
    expect((await readWhy(await world.forgeJob("a"), world.ports)).what).toContain("/opt/runner");
    await forgiveFailures(world.ports);
    await world.turn();
    expect(world.compute.started).toHaveLength(before + 1);
  });

  it("stops launching after three of them", async () => {
    const world = new ForgeWorld();
    await world.tell(world.forge.queue({ id: "a" }));
    for (let round = 0; round < 6; round += 1) {
      for (const agent of world.agents()) {
        await agent.enrol();
        await agent.finish(1, "boot-failing", "ended with code 1");
      }
      await world.turn(minute);
    }
    expect(world.compute.started.length).toBeLessThanOrEqual(4);
    expect(await readWhy(await world.forgeJob("a"), world.ports)).toMatchObject({ reason: "boot-failing" });
  });
});
