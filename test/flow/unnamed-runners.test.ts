/** Runners that run what nobody named: how their sources are asked, and what stands for certain then. */
import { OnejobError } from "../../runtime/core/errors";
import { EachAlone } from "../../runtime/flow/each-alone";
import { sweepUnnamed } from "../../runtime/flow/name-jobs";
import { ForgeWorld, listeningJob } from "../fakes/forge-world";
import { someProfile } from "../fixtures/records";

const second = 1_000;
const minute = 60 * second;

/** The runner of `a` took `b`, which waits here, and nobody told us. A look at everything does not see either. */
async function partlySeen() {
  const { world, runner, agent } = await listeningJob({ profiles: [someProfile({ timeouts: { bootMs: 3_600_000 } })] });
  await world.tell(world.forge.queue({ id: "b" }));
  world.forge.move("a", "waiting");
  world.forge.assignTo(`onejob-${runner}`);
  world.forge.move("a", "queued");
  world.forge.findJobs = () => Promise.resolve([]);
  await agent.start();
  /** Its agent is heard all the while. */
  const passes = async (minutes: number) => {
    for (let passed = 0; passed < 6 * minutes; passed += 1) {
      await agent.beat().catch(() => undefined);
      await world.turn(10 * second);
    }
  };
  const has = async () => (await world.runner(runner))?.job;
  expect([await has(), world.machines().length]).toEqual([null, 2]);
  return { world, runner, passes, has };
}

describe("a runner whose job a look at everything did not see", () => {
  it("is named by asking for what waits one by one, and no machine is made beside it", async () => {
    const { world, passes, has } = await partlySeen();
    await passes(3);
    expect(await has()).toBe("gh/forge.example/b");
    expect(world.machines()).toHaveLength(2);
  });

  it("stays for what it may be while that cannot be asked for, and is named once it can", async () => {
    const { world, runner, passes, has } = await partlySeen();
    const { jobState } = world.forge;
    const refused = new OnejobError("source-refused", "scripted");
    world.forge.jobState = (job) => (job.id === "b" ? Promise.reject(refused) : jobState.call(world.forge, job));
    await passes(12);
    expect((await world.runner(runner))?.namelessAt).toBeUndefined();
    expect(world.machines()).toHaveLength(2);
    world.forge.jobState = jobState;
    await passes(4);
    expect(await has()).toBe("gh/forge.example/b");
  });
});

describe("runners that have run too long without a name", () => {
  it("take no more than their share of a sweep while machines are slow to end, and the rest go with the next", async () => {
    const many = 12;
    const profile = someProfile({ limits: { maxRunners: many }, timeouts: { jobMs: 30 * minute } });
    const world = new ForgeWorld({ profiles: [profile], server: { maxRunners: many } });
    const names = Array.from({ length: many }, (_, n) => `j${n}`);
    await world.tell(...names.map((id) => world.forge.queue({ id })));
    await world.allUp();
    for (const runner of world.machines()) {
      world.forge.assignTo(`onejob-${runner}`);
      await world.agent(runner).start();
    }
    world.clock.forward(41 * minute);
    const terminate = world.compute.terminate.bind(world.compute);
    world.compute.terminate = (...args) => {
      world.clock.forward(6 * second);
      return terminate(...args);
    };
    const sweepOnce = async () =>
      sweepUnnamed([await world.view()], world.ports, new EachAlone(world.ports.log)).then(
        () => world.machines().length,
      );
    expect(world.machines()).toHaveLength(many);
    expect(await sweepOnce()).toBeGreaterThan(0);
    expect(await sweepOnce()).toBe(0);
  });
});
