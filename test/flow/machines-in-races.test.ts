/** Machines at moments when somebody else came first. */
import { drainFleet } from "../../runtime/flow/drain";
import { planLaunches } from "../../runtime/flow/plan-launches";
import { recover } from "../../runtime/flow/recover";
import { sweep } from "../../runtime/flow/sweep";
import { World } from "../fakes/flow-world";

describe("a machine", () => {
  it("whose agent dies at boot time and again opens the breaker, also when its end is told at once", async () => {
    const world = new World();
    await world.submit();
    await world.pump();
    for (let death = 0; death < 10; death += 1) {
      const runner = world.compute.machines.at(-1)?.runner ?? "";
      world.compute.die(runner);
      await world.ports.queue.send([{ kind: "check", profile: "small", runner }]);
      await world.pump();
    }
    expect(world.compute.started).toHaveLength(3);
  });

  it("that ends takes no runner along that has another one, though both were made by its name", async () => {
    const world = new World();
    const { key, agent } = await world.running();
    const about = { profile: "small", runner: agent.runner, machine: "another" } as const;
    await world.ports.queue.send([
      { kind: "check", ...about },
      { kind: "warned", ...about, of: "interruption" },
    ]);
    await world.pump();
    expect(await world.job(key)).toMatchObject({ state: "running" });
    const runner = await world.ledger.readRunner("small", agent.runner);
    expect(runner?.interruptedAt).toBeUndefined();
  });

  it("that has ended, as its compute says, is not asked for again", async () => {
    const world = new World();
    const { key, agent } = await world.running();
    world.compute.list = () => Promise.reject(new Error("nobody should ask"));
    await world.ports.queue.send([{ kind: "check", profile: "small", runner: agent.runner, machine: agent.runner }]);
    await world.pump();
    expect(await world.job(key)).toMatchObject({ state: "failed", reason: "agent-lost" });
  });

  it("launched while the sweep looks is no orphan, also as the first of its profile", async () => {
    const world = new World();
    const { key } = await world.submit();
    const list = world.compute.list.bind(world.compute);
    world.compute.list = async () => {
      world.compute.list = list;
      await planLaunches("small", world.ports);
      const [agent] = world.agents();
      await agent?.take();
      await agent?.start();
      return list();
    };
    await sweep(world.ports);
    await world.pump();
    expect(await world.job(key)).toMatchObject({ state: "running" });
    expect(world.compute.machines).toHaveLength(1);
  });

  it("launched while a drain begins takes no job, and leaves", async () => {
    const world = new World();
    await world.submit();
    world.compute.breakNext("launch", "after");
    await world.pump();
    await drainFleet({ now: true }, world.ports);
    await world.turn(30_000);
    expect((await world.agents()[0]?.take())?.assignment ?? null).toBeNull();
    await world.turn(5_000);
    expect(world.compute.machines).toEqual([]);
  });
});

describe("a drain that is not to wait", () => {
  it("cancels a job that is about to start", async () => {
    const world = new World();
    const { key } = await world.submit();
    await world.pump();
    await world.agents()[0]?.take();
    await drainFleet({ now: true }, world.ports);
    expect(await world.job(key)).toMatchObject({ state: "cancelled" });
  });
});

describe("a start", () => {
  it("succeeds although the compute cannot be asked", async () => {
    const world = new World();
    await world.running();
    world.compute.breakNext("list", "before");
    await expect(recover(world.ports)).resolves.toEqual({ adopted: 0 });
  });
});
