import { cancelJob } from "../../runtime/flow/cancel-job";
import { settleRun } from "../../runtime/flow/look-at-job";
import { resolveJob } from "../../runtime/flow/read-job";
import { rerunJob } from "../../runtime/flow/rerun-job";
import { ForgeWorld, listeningJob, runningJob } from "../fakes/forge-world";

describe("a forge's job", () => {
  it("gets a runner with its labels, is bound to it by the forge's word, and leaves nothing behind", async () => {
    const { world, runner, agent, started } = await runningJob();
    expect(world.forge.runners.get(`onejob-${runner}`)).toMatchObject({ labels: ["linux"], online: true });
    await world.tell(started);
    expect(await world.forgeJob("a")).toMatchObject({ state: "running", runner, bound: true });
    await world.tell(world.forge.end("a"));
    await agent.finish(0);
    await world.pump();
    expect(await world.forgeJob("a")).toMatchObject({ state: "completed" });
    expect(world.machines()).toEqual([]);
    expect((await world.runner(runner))?.state).toBe("gone");
  });

  it("costs one call at the forge in the warm path", async () => {
    const { world, agent, started } = await runningJob();
    await agent.start();
    await world.tell(started, world.forge.end("a"));
    await agent.finish(0);
    await world.turn();
    expect(world.forge.calls).toEqual(["enrol"]);
  });

  it("shows every stage of its runner on its timeline", async () => {
    const { world, started } = await runningJob();
    await world.tell(started);
    const stages = (await world.forgeJob("a")).timeline.map(({ stage }) => stage);
    expect(stages).toEqual([
      ...["created", "received", "admitted", "claimed", "launching", "launched", "booted", "enrolled"],
      ...["listening", "started"],
    ]);
  });

  it("that ends while its machine is still shutting down does not have it killed at once", async () => {
    const { world, runner, agent, started } = await runningJob();
    await world.tell(started, world.forge.end("a"));
    expect(await world.stateOf(runner)).toBe("running");
    await world.turn(20_000);
    expect(world.machines()).toEqual([runner]);
    await agent.finish(0);
    await world.turn();
    expect(world.machines()).toEqual([]);
  });

  it("whose agent does not leave when it ended has its machine ended after a while", async () => {
    const { world, agent, started } = await runningJob();
    await world.tell(started, world.forge.end("a"));
    for (let waited = 0; waited < 4; waited += 1) {
      await world.turn(10_000);
      if (world.machines().length > 0) await agent.beat();
    }
    await world.turn();
    expect(world.machines()).toEqual([]);
  });

  it("that never told us it ended is looked up once its machine is gone", async () => {
    const { world, agent, started } = await runningJob();
    await world.tell(started);
    world.forge.end("a");
    await agent.finish(0);
    await world.turn();
    expect(await world.forgeJob("a")).toMatchObject({ state: "running" });
    await world.turn(10_000);
    await world.turn(1_000);
    expect(await world.forgeJob("a")).toMatchObject({ state: "completed" });
  });

  it("whose start was never told is bound by the word that it ended", async () => {
    const { world, runner, agent } = await runningJob();
    await world.tell(world.forge.end("a", "failure"));
    expect(await world.forgeJob("a")).toMatchObject({ state: "failed", runner, reason: "command-failed" });
    await agent.finish(0);
    await world.turn();
    expect(world.machines()).toEqual([]);
  });

  it.each([
    ["in order", ["started", "ended"]],
    ["turned round", ["ended", "started"]],
    ["doubled", ["started", "started", "ended", "ended", "queued", "started"]],
    ["late, after the end", ["ended", "queued", "started"]],
  ])("comes to the same end with deliveries %s", async (_, order) => {
    const { world, runner, agent, started } = await runningJob();
    const told = { queued: world.forge.event("a"), started, ended: world.forge.end("a") };
    for (const word of order) await world.tell(told[word as keyof typeof told]);
    await agent.finish(0);
    await world.turn();
    expect(await world.forgeJob("a")).toMatchObject({ state: "completed", runner });
    expect(world.compute.started).toHaveLength(1);
    expect(world.machines()).toEqual([]);
  });

  it("cancelled before it was claimed leaves its machine to the next in reach", async () => {
    const { world, runner } = await listeningJob();
    await world.tell(world.forge.end("a", "cancelled"));
    expect(await world.forgeJob("a")).toMatchObject({ state: "cancelled", reason: "cancelled-by-source" });
    await world.tell(world.forge.queue({ id: "b" }));
    expect(world.machines()).toEqual([runner]);
    const taken = world.forge.assign();
    await world.tell(...(taken ? [taken.event] : []));
    expect(await world.forgeJob("b")).toMatchObject({ state: "running", runner });
  });

  it("cancelled by us is cancelled at the forge, which says when it is over", async () => {
    const { world } = await listeningJob();
    await cancelJob(await world.forgeJob("a"), world.ports);
    expect(world.forge.calls).toContain("cancel");
    expect(await world.forgeJob("a")).toMatchObject({ state: "starting" });
    await world.tell(world.forge.event("a"));
    expect(await world.forgeJob("a")).toMatchObject({ state: "cancelled" });
  });

  it("that waits for approval and is approved gets its machine then", async () => {
    const world = new ForgeWorld();
    await world.tell(world.forge.queue({ id: "a" }), world.forge.move("a", "waiting"));
    const made = world.compute.started.length;
    expect(await world.forgeJob("a")).toMatchObject({ state: "waiting", reason: "waiting-for-approval" });
    await world.tell(world.forge.move("a", "queued"));
    expect(await world.forgeJob("a")).toMatchObject({ reason: null });
    expect(world.compute.machines.length).toBe(Math.max(1, made));
    await world.allUp();
    const taken = world.forge.assign();
    await world.tell(...(taken ? [taken.event] : []));
    expect(await world.forgeJob("a")).toMatchObject({ state: "running" });
  });

  it("that is approved without a word is found by asking, and gets its machine then", async () => {
    const world = new ForgeWorld();
    await world.tell(world.forge.queue({ id: "a", state: "waiting" }));
    expect(world.compute.started).toEqual([]);
    world.forge.move("a", "queued");
    await world.discover();
    expect(await world.forgeJob("a")).toMatchObject({ state: "starting", reason: null });
    expect(world.compute.started).toHaveLength(1);
  });

  it("that runs is not held back by a word that comes too late", async () => {
    const { world, started } = await runningJob();
    const waiting = { ...world.forge.event("a"), kind: "waiting", runnerName: null } as const;
    await world.tell(started, waiting);
    expect(await world.forgeJob("a")).toMatchObject({ state: "running", reason: null });
  });

  it("about which two words contradict each other is asked for, once", async () => {
    const world = new ForgeWorld();
    const queued = world.forge.queue({ id: "a" });
    const waiting = world.forge.move("a", "waiting");
    const again = world.forge.move("a", "queued");
    await world.tell(queued, again, waiting);
    expect(world.forge.calls.filter((call) => call === "jobState")).toHaveLength(1);
    expect((await world.forgeJob("a")).state).toBe("starting");
  });

  it("can be approved and held back again and again", async () => {
    const world = new ForgeWorld();
    await world.tell(world.forge.queue({ id: "a" }));
    for (let round = 0; round < 3; round += 1) {
      await world.tell(world.forge.move("a", "waiting"));
      expect((await world.forgeJob("a")).state).toBe("waiting");
      await world.tell(world.forge.move("a", "queued"));
      expect(["queued", "starting"]).toContain((await world.forgeJob("a")).state);
    }
  });

  it("that is run again is asked for at its forge, at once or when the rest of its run is over", async () => {
    const { world, agent, started } = await runningJob();
    await world.tell(world.forge.queue({ id: "b" }), started, world.forge.end("a", "failure"));
    await agent.finish(0);
    expect(await rerunJob(await world.forgeJob("a"), world.ports)).toMatchObject({ kind: "later" });
    await expect(world.pump()).rejects.toMatchObject({ code: "conflict" });
    world.forge.end("b", "cancelled");
    expect(await rerunJob(await world.forgeJob("a"), world.ports)).toMatchObject({ kind: "asked" });
  });

  it("of a run that is over is looked up, whatever was lost of it", async () => {
    const { world, started } = await runningJob();
    await world.tell(world.forge.queue({ id: "b" }), started);
    world.forge.end("a");
    world.forge.end("b", "cancelled");
    await settleRun({ source: "gh", host: "forge.example", repository: "acme/widgets", run: "1" }, world.ports);
    expect([(await world.forgeJob("a")).state, (await world.forgeJob("b")).state]).toEqual(["completed", "cancelled"]);
  });

  it("is found by its key, its id, and the address of its page", async () => {
    const world = new ForgeWorld();
    await world.tell(world.forge.queue({ id: "29679449123456789012" }));
    const key = "gh/forge.example/29679449123456789012";
    const page = "https://forge.example/acme/widgets/actions/runs/1/job/29679449123456789012?pr=3";
    for (const reference of [key, "29679449123456789012", page]) {
      expect((await resolveJob(reference, world.ports)).key).toBe(key);
    }
    for (const reference of ["https://other.example/a/1/job/29679449123456789012", "https://forge.example/job/2"]) {
      await expect(resolveJob(reference, world.ports)).rejects.toMatchObject({ code: "not-found" });
    }
  });

  it("taken by somebody else's runner leaves ours to others, and is ended by the forge's word", async () => {
    const { world, runner } = await listeningJob();
    await world.tell(world.forge.takenElsewhere("a"));
    expect(await world.forgeJob("a")).toMatchObject({ state: "running", runner: null });
    expect((await world.runner(runner))?.state).toBe("idle");
    await world.tell(world.forge.end("a"));
    expect(await world.forgeJob("a")).toMatchObject({ state: "completed" });
  });
});
