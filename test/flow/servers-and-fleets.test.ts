import { recover } from "../../runtime/flow/recover";
import { handBack } from "../../runtime/flow/hand-back";
import { drainFleet, resumeFleet } from "../../runtime/flow/drain";
import { World } from "../fakes/flow-world";

describe("a server that left and came back", () => {
  it("adopts what runs and stamps it on the timeline", async () => {
    const world = new World();
    const { key } = await world.running();
    expect(await recover(world.ports)).toEqual({ adopted: 1 });
    const job = await world.job(key);
    expect(job.state).toBe("running");
    expect(job.timeline.at(-1)).toMatchObject({ stage: "adopted" });
  });

  it("does not wait for the lease of its dead self", async () => {
    const world = new World();
    await world.submit();
    const { planner } = await world.view();
    const lease = { holder: "dead", until: world.clock.now() + 3_600_000 };
    await world.ledger.savePlanner({ ...planner, lease, version: planner.version + 1 });
    await recover(world.ports);
    expect(world.compute.machines).toHaveLength(1);
  });

  it("handed back what had not started: its jobs wait again, what ran goes on", async () => {
    const world = new World();
    const { key } = await world.running();
    const waiting = await world.submit();
    await world.pump();
    expect(await handBack(world.ports)).toEqual({ gone: 1, leaving: 0 });
    expect(await world.job(key)).toMatchObject({ state: "running" });
    expect(world.compute.machines).toHaveLength(1);
    await recover(world.ports);
    expect((await world.job(waiting.key)).timeline).toContainEqual(
      expect.objectContaining({ stage: "relaunched", reason: "interrupted" }),
    );
    expect(world.compute.machines).toHaveLength(2);
  });
});

describe("draining", () => {
  it("starts nothing new, lets the busy finish, and resumes where it stopped", async () => {
    const world = new World();
    const { key, agent } = await world.running();
    const waiting = await world.submit();
    await drainFleet({ now: false }, world.ports);
    await world.pump();
    expect(world.compute.machines).toHaveLength(1);
    await expect(world.submit()).rejects.toMatchObject({ code: "not-accepting" });
    expect(await agent.beat()).toMatchObject({ drain: true, cancel: false });
    await agent.finish();
    await world.pump();
    expect(await world.job(key)).toMatchObject({ state: "completed" });
    expect(world.compute.machines).toEqual([]);
    await resumeFleet(world.ports);
    await world.pump();
    expect(await world.job(waiting.key)).toMatchObject({ state: "starting" });
  });

  it("with now cancels what runs", async () => {
    const world = new World();
    const { agent } = await world.running();
    await drainFleet({ now: true }, world.ports);
    expect(await agent.beat()).toMatchObject({ cancel: true, drain: true });
  });
});
