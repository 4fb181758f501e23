/** What becomes of launches: made, refused, lost, and made again. */
import type { LaunchRequest } from "../../runtime/core/ports";
import { readWhy } from "../../runtime/flow/read-job";
import { World } from "../fakes/flow-world";

/** Whatever the compute is asked for from now on. */
function askedOf(world: World, answer: World["compute"]["launch"]): readonly LaunchRequest[] {
  const asked: LaunchRequest[] = [];
  world.compute.launch = (request) => {
    asked.push(request);
    return answer(request);
  };
  return asked;
}

describe("a launch", () => {
  it("that broke off after it was made is replayed from what was stored, and makes no second machine", async () => {
    const world = new World();
    const { key } = await world.submit();
    world.compute.breakNext("launch", "after");
    await world.pump();
    expect((await world.view()).planner.launches).toHaveLength(1);
    await world.turn(30_000);
    expect(world.compute.started).toHaveLength(1);
    await world.agents()[0]?.serve();
    expect(await world.job(key)).toMatchObject({ state: "completed" });
  });

  it("that broke off before anything was made is made then, once", async () => {
    const world = new World();
    await world.submit();
    world.compute.breakNext("launch", "before");
    await world.pump();
    await world.turn(30_000);
    await world.turn();
    expect(world.compute.started).toHaveLength(1);
    expect((await world.view()).planner.launches).toEqual([]);
  });

  it.each([
    ["no-capacity", 2_000],
    ["quota", 2_000],
    ["throttled", 2_000],
    ["misconfigured", 5 * 60_000],
  ] as const)(
    "answered with %s is tried again after a pause of up to %i ms, and the waiting job says so",
    async (outcome, pauseMs) => {
      const world = new World();
      const { key } = await world.submit();
      world.compute.answerNext(outcome);
      await world.pump();
      expect(await readWhy(await world.job(key), world.ports)).toMatchObject({ reason: outcome });
      await world.turn();
      expect(world.compute.machines).toEqual([]);
      await world.turn(pauseMs);
      expect(world.compute.machines).toHaveLength(1);
    },
  );

  it("answered with the time it may be tried again is tried then, and not before", async () => {
    const world = new World();
    await world.submit();
    const asked = askedOf(world, ({ machines }) => {
      const retryAt = world.clock.now() + 40_000;
      return Promise.resolve(machines.map(({ runner }) => ({ runner, outcome: "throttled", detail: "", retryAt })));
    });
    await world.pump();
    await world.turn(39_000);
    expect(asked).toHaveLength(1);
    await world.turn(1_000);
    expect(asked.map(({ repeated }) => repeated)).toEqual([undefined, undefined]);
  });

  it("that got no answer says so when it is made again", async () => {
    const world = new World();
    await world.submit();
    const asked = askedOf(world, () => Promise.reject(new Error("no answer")));
    await world.pump();
    await world.turn(30_000);
    expect(asked.map(({ repeated }) => repeated)).toEqual([undefined, true]);
  });

  it("that succeeded in part launches the rest again", async () => {
    const world = new World();
    for (let index = 0; index < 3; index += 1) await world.submit();
    world.compute.answerNext("launched", "no-capacity");
    await world.pump();
    expect(world.compute.machines).toHaveLength(2);
    await world.turn(2_000);
    expect(world.compute.machines).toHaveLength(3);
  });
});
