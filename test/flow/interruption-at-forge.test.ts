/** Jobs of a forge whose machine was taken away: the forge runs them again, where their profile says so. */
import { cancelJob } from "../../runtime/flow/cancel-job";
import { warnRunner } from "../../runtime/flow/interruption";
import { rerunLater } from "../../runtime/flow/rerun-job";
import { ForgeWorld, runningJob, type ForgeWorldOptions } from "../fakes/forge-world";
import { type Policy, markets, spotProfile, stagesOf, taken, warn } from "./spot-world";

const onSpot = (policy?: Policy): ForgeWorldOptions => ({ profiles: [spotProfile(policy)] });

describe("a forge's job whose machine was taken away", () => {
  async function interrupted(policy?: Policy) {
    const scene = await runningJob(onSpot(policy));
    await scene.world.tell(scene.started);
    await warn(scene.world, scene.runner);
    return scene;
  }

  /** Until shortly before the machine goes, its agent lets it run. */
  async function stopped(policy?: Policy) {
    const scene = await interrupted(policy);
    scene.world.clock.forward(90_000);
    return scene;
  }

  it.each(["failure", "cancelled"] as const)(
    "and that the forge calls a %s is run again there, on-demand",
    async (conclusion) => {
      const { world, runner } = await stopped();
      await world.tell(world.forge.end("a", conclusion));
      expect(await world.forgeJob("a")).toMatchObject({ state: "failed", reason: "interrupted" });
      expect(world.forge.calls).toContain("rerun");
      await taken(world, runner);
      await world.tell(world.forge.event("a-again1"));
      expect(markets(world)).toEqual(["as the profile says", "on-demand"]);
    },
  );

  it.each([
    ["failure", "failed", "command-failed"],
    ["cancelled", "cancelled", "cancelled-by-source"],
  ] as const)("and that ended in a %s long before that, did so by itself, and stays so", async (end, state, reason) => {
    const { world } = await interrupted();
    world.clock.forward(10_000);
    await world.tell(world.forge.end("a", end));
    expect(await world.forgeJob("a")).toMatchObject({ state, reason });
    expect(world.forge.calls).not.toContain("rerun");
  });

  it("by an agent that has no time left is run again, however soon it ends", async () => {
    const { world, agent, started } = await runningJob(onSpot());
    await world.tell(started);
    await agent.report([{ type: "interrupted", at: new Date(world.clock.now()).toISOString(), leftMs: 0 }]);
    await world.tell(world.forge.end("a", "cancelled"));
    expect(await world.forgeJob("a")).toMatchObject({ state: "failed", reason: "interrupted" });
    expect(world.forge.calls).toContain("rerun");
  });

  it("and that its agent had to stop is run again, however soon that was", async () => {
    const { world, agent } = await interrupted();
    await agent.report([
      {
        type: "finished",
        at: new Date(world.clock.now()).toISOString(),
        exitCode: 42,
        signal: null,
        reason: "interrupted",
        detail: null,
      },
    ]);
    await world.tell(world.forge.end("a", "cancelled"));
    expect(await world.forgeJob("a")).toMatchObject({ state: "failed", reason: "interrupted" });
    expect(world.forge.calls).toContain("rerun");
  });

  /** It gets a machine, which is wanted back. */
  async function lost(world: ForgeWorld, id: string): Promise<void> {
    await world.tell(world.forge.event(id));
    await world.allUp();
    const taken = world.forge.assign();
    if (taken === undefined) throw new Error(`nobody takes ${id}`);
    await world.tell(taken.event);
    await warn(world, taken.runner);
    world.clock.forward(90_000);
    await world.tell(world.forge.end(id, "failure"));
    expect(await world.forgeJob(id)).toMatchObject({ state: "failed", reason: "interrupted" });
    await world.pump();
  }
  const reruns = (world: ForgeWorld) => world.forge.calls.filter((call) => call === "rerun").length;

  it("is not run again for ever", async () => {
    const world = new ForgeWorld(onSpot());
    world.forge.queue({ id: "z" });
    for (const id of ["z", "z-again1", "z-again2"]) await lost(world, id);
    expect(reruns(world)).toBe(3);
    await lost(world, "z-again3");
    expect(reruns(world)).toBe(3);
  });

  it.each([
    { what: "as often as any other though people ran its run again before", attempt: 7, times: 1 },
    { what: "no more when its run has been run again as often as GitHub allows", attempt: 51, times: 0 },
  ])("is run again $what", async ({ attempt, times }) => {
    const world = new ForgeWorld(onSpot());
    world.forge.queue({ id: "z", attempt });
    await lost(world, "z");
    expect(reruns(world)).toBe(times);
  });

  it("leaves the other jobs of its run their tries", async () => {
    const world = new ForgeWorld(onSpot());
    world.forge.queue({ id: "z" });
    for (const id of ["z", "z-again1", "z-again2"]) await lost(world, id);
    world.forge.end("z-again3", "success");
    world.forge.queue({ id: "y", attempt: 5 });
    await lost(world, "y");
    expect(reruns(world)).toBe(4);
  });

  it("is counted once, however often the forge has to be asked", async () => {
    const { world, runner } = await stopped();
    const end = world.forge.end("a", "failure");
    world.forge.failWith("source-unreachable");
    for (let times = 0; times < 2; times += 1)
      await expect(world.tell(end)).rejects.toMatchObject({ code: "source-unreachable" });
    world.forge.failWith(undefined);
    await world.tell(end);
    await taken(world, runner);
    await world.tell(world.forge.event("a-again1"));
    expect(await world.forgeJob("a-again1")).toMatchObject({ losses: 1, market: "on-demand" });
  });

  it("that ended well all the same is not run again", async () => {
    const { world } = await interrupted();
    await world.tell(world.forge.end("a", "success"));
    expect(await world.forgeJob("a")).toMatchObject({ state: "completed" });
    expect(world.forge.calls).not.toContain("rerun");
  });

  it("stays failed where its profile says so", async () => {
    const { world } = await stopped("fail");
    await world.tell(world.forge.end("a", "failure"));
    expect(await world.forgeJob("a")).toMatchObject({ state: "failed", reason: "interrupted" });
    expect(world.forge.calls).not.toContain("rerun");
  });

  it("is told even when the forge names its runner only later", async () => {
    const { world, runner, started } = await runningJob(onSpot());
    await warn(world, runner);
    await world.tell(started);
    expect(stagesOf(await world.forgeJob("a"))).toContain("interrupted");
  });

  it("is asked for once more when word of its end comes twice, and the forge refuses that in peace", async () => {
    const { world } = await stopped();
    const end = world.forge.end("a", "failure");
    await world.tell(end);
    await expect(world.tell(end)).resolves.toBeUndefined();
    expect([...world.forge.jobs.keys()]).toEqual(["a", "a-again1"]);
  });

  it("is run again though whoever wrote its end died at that, and no further word of it comes", async () => {
    const { world } = await stopped();
    const end = world.forge.end("a", "failure");
    const { saveJob } = world.ledger;
    world.ledger.saveJob = async (job) => {
      await saveJob.call(world.ledger, job);
      throw new Error("it died at that");
    };
    await expect(world.tell(end)).rejects.toThrow("it died at that");
    world.ledger.saveJob = saveJob;
    await world.pump();
    expect(await world.forgeJob("a")).toMatchObject({ state: "failed", reason: "interrupted" });
    expect(world.forge.calls).toContain("rerun");
  });

  it("and that was asked for before it ended is not run again when it ends well", async () => {
    const { world } = await interrupted();
    const job = await world.forgeJob("a");
    const again = { job: job.key, profile: job.profile, of: "interruption" } as const;
    await expect(rerunLater(again, world.ports)).rejects.toMatchObject({ code: "conflict" });
    await world.tell(world.forge.end("a", "success"));
    await rerunLater(again, world.ports);
    expect(world.forge.calls).not.toContain("rerun");
  });

  it("is not run again when somebody had us cancel it, though the forge only says that it is over", async () => {
    const { world } = await interrupted();
    await cancelJob(await world.forgeJob("a"), world.ports);
    await world.tell(world.forge.event("a"));
    expect(world.forge.calls).not.toContain("rerun");
  });

  it("is on-demand as well when its first word is that it waits for an approval", async () => {
    const { world, runner } = await stopped();
    await world.tell(world.forge.end("a", "failure"));
    await taken(world, runner);
    await world.tell(world.forge.move("a-again1", "waiting"));
    await world.tell(world.forge.move("a-again1", "queued"));
    expect(markets(world)).toEqual(["as the profile says", "on-demand"]);
  });

  it("is not run again when it had ended before its machine was wanted back", async () => {
    const { world, runner, agent, started } = await runningJob(onSpot());
    await world.tell(started);
    const end = world.forge.end("a", "failure");
    await agent.finish();
    await warnRunner({ profile: "small", runner, of: "interruption" }, world.ports);
    await world.tell(end);
    expect(await world.forgeJob("a")).toMatchObject({ state: "failed", reason: "command-failed" });
    expect(world.forge.calls).not.toContain("rerun");
  });

  it("and another job that somebody runs again has no claim to on-demand", async () => {
    const world = new ForgeWorld(onSpot());
    await world.tell(world.forge.queue({ id: "b", run: "7", attempt: 2 }));
    expect(markets(world)).toEqual(["as the profile says"]);
  });
});
