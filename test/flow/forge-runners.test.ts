import { removeGhosts } from "../../runtime/flow/ask-source";
import { drainFleet } from "../../runtime/flow/drain";
import { handBack } from "../../runtime/flow/hand-back";
import { ForgeWorld, listeningJob, runningJob } from "../fakes/forge-world";

const minute = 60_000;

describe("a runner that took another's job", () => {
  async function stolen() {
    const world = new ForgeWorld();
    await world.tell(world.forge.queue({ id: "a" }), world.forge.queue({ id: "b" }));
    const [first = "", second = ""] = world.machines();
    await world.up(first);
    const meantFor = (await world.runner(first))?.meantFor?.at(-1) ?? "";
    const other = meantFor === "a" ? "b" : "a";
    // The forge gives the first machine the job of the second.
    const taken = world.forge.assign((pairs) => (meantFor === "a" ? pairs - 1 : 0));
    await world.tell(...(taken ? [taken.event] : []));
    return { world, first, second, meantFor, other };
  }

  it("is bound to that one, and the robbed job gets the other's machine", async () => {
    const { world, first, second, meantFor, other } = await stolen();
    expect(await world.forgeJob(other)).toMatchObject({ state: "running", runner: first });
    expect(await world.forgeJob(meantFor)).toMatchObject({ state: "starting", runner: second, bound: false });
    expect(world.compute.started).toHaveLength(2);
    await world.up(second);
    const taken = world.forge.assign();
    await world.tell(...(taken ? [taken.event] : []));
    expect(await world.forgeJob(meantFor)).toMatchObject({ state: "running", runner: second });
  });

  it("does not leave the robbed job stranded when the other machine dies", async () => {
    const { world, second, meantFor } = await stolen();
    world.compute.vanish(second);
    await world.turn(1_000);
    await world.turn(1_000);
    expect(world.compute.started).toHaveLength(3);
    await world.allUp();
    const taken = world.forge.assign();
    await world.tell(...(taken ? [taken.event] : []));
    expect((await world.forgeJob(meantFor)).state).toBe("running");
  });
});

describe("an agent that says something began", () => {
  it("ends its supply before anybody knows for which job, and no further machine is made", async () => {
    const { world, runner, agent } = await runningJob();
    await agent.start();
    await world.turn();
    expect(await world.runner(runner)).toMatchObject({ state: "running", job: null });
    expect(world.compute.started).toHaveLength(1);
  });

  it("has the forge asked at once where no webhook would say it", async () => {
    const { world, runner, agent } = await runningJob({ announces: false });
    await agent.start();
    await world.pump();
    expect(await world.forgeJob("a")).toMatchObject({ state: "running", runner });
    expect(world.forge.calls).toEqual(["enrol", "findJobs"]);
  });

  it("and leaves with another's job before the forge was heard of has that one found as well", async () => {
    const world = new ForgeWorld();
    await world.tell(world.forge.queue({ id: "a" }), world.forge.queue({ id: "b" }));
    const [first = ""] = world.machines();
    const agent = await world.up(first);
    const meantForA = (await world.runner(first))?.meantFor?.endsWith("/a") === true;
    const taken = world.forge.assign((pairs) => (meantForA ? pairs - 1 : 0));
    await agent.start();
    world.forge.end(meantForA ? "b" : "a");
    await agent.finish(0);
    await world.turn();
    expect(taken?.runner).toBe(first);
    expect(await world.forgeJob(meantForA ? "b" : "a")).toMatchObject({ state: "completed", runner: first });
    expect(world.compute.started).toHaveLength(2);
  });

  it("and leaves before the forge was heard of has the forge asked before another machine is made", async () => {
    const { world, runner, agent } = await runningJob();
    await agent.start();
    world.forge.end("a");
    await agent.finish(0);
    await world.turn();
    expect(await world.forgeJob("a")).toMatchObject({ state: "completed", runner });
    expect(world.compute.started).toHaveLength(1);
  });
});

describe("an idle runner", () => {
  it("is not ended before its agent has stopped listening and the forge has let it go", async () => {
    const { world, runner, agent } = await listeningJob();
    await world.tell(world.forge.end("a", "cancelled"));
    await world.turn(5 * minute);
    expect(world.machines()).toEqual([runner]);
    expect((await agent.beat()).drain).toBe(true);
    world.forge.leaves(runner);
    await agent.finish(0);
    await world.pump();
    expect(world.forge.runners.size).toBe(0);
    expect(world.machines()).toEqual([]);
  });

  it("that is given a job while it is asked to leave keeps it", async () => {
    const { world, runner, agent } = await listeningJob();
    await world.tell(world.forge.end("a", "cancelled"));
    await world.turn(5 * minute);
    await world.tell(world.forge.queue({ id: "b" }));
    const taken = world.forge.assign();
    await agent.start();
    await world.tell(...(taken ? [taken.event] : []));
    for (let beat = 0; beat < 4; beat += 1) {
      await world.turn(20_000);
      await agent.beat();
    }
    expect(await world.forgeJob("b")).toMatchObject({ state: "running", runner });
    expect(world.machines()).toContain(runner);
  });

  it("that the forge keeps as busy after its agent left is let go within minutes, whatever the forge says", async () => {
    const { world, runner, agent } = await listeningJob();
    world.forge.queue({ id: "b" });
    await world.tell(world.forge.end("a", "cancelled"));
    await world.turn(5 * minute);
    // Assigned, but never picked up: its listener had stopped.
    world.forge.assign();
    await agent.finish(0);
    await world.pump();
    expect(world.machines()).toContain(runner);
    for (let waited = 0; waited < 5; waited += 1) await world.turn(minute);
    expect(world.machines()).not.toContain(runner);
  });

  it("whose agent is silent is ended once the time to answer is over", async () => {
    const { world, runner } = await listeningJob();
    await world.tell(world.forge.end("a", "cancelled"));
    await world.turn(5 * minute);
    for (let waited = 0; waited < 9; waited += 1) await world.turn(minute);
    expect(world.machines()).toEqual([runner]);
    for (let waited = 0; waited < 6; waited += 1) await world.turn(20_000);
    expect(world.forge.calls).toContain("withdraw");
    expect(await world.stateOf(runner)).toBe("gone");
  });

  it("whose machine is gone is taken off the forge's list", async () => {
    const { world, runner } = await listeningJob();
    world.compute.vanish(runner);
    await world.turn(1_000);
    expect(world.forge.runners.has(`onejob-${runner}`)).toBe(false);
  });

  it("that the forge could not be told of then is found there later", async () => {
    const { world, runner } = await listeningJob();
    world.forge.failWith("source-unreachable");
    world.compute.vanish(runner);
    world.forge.leaves(runner);
    await world.turn(1_000);
    world.forge.failWith(undefined);
    expect(world.forge.runners.has(`onejob-${runner}`)).toBe(true);
    await removeGhosts("gh", world.ports);
    expect(world.forge.runners.has(`onejob-${runner}`)).toBe(false);
  });

  it("is given back before a server leaves: asked first, gone once its agent says so", async () => {
    const { world, agent } = await listeningJob();
    expect(await handBack(world.ports)).toEqual({ gone: 0, leaving: 1 });
    expect(await handBack(world.ports)).toEqual({ gone: 0, leaving: 1 });
    await agent.finish(0);
    expect(await handBack(world.ports)).toEqual({ gone: 1, leaving: 0 });
    expect(world.machines()).toEqual([]);
    expect(world.forge.runners.size).toBe(0);
  });

  it("leaves with a drain, the busy finish first", async () => {
    const { world, agent } = await listeningJob();
    await drainFleet({ now: false }, world.ports);
    await world.pump();
    expect((await agent.beat()).drain).toBe(true);
    await agent.finish(0);
    await world.pump();
    expect(world.machines()).toEqual([]);
  });
});
