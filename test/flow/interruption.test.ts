/** A compute takes machines back: whose job was on it is told, and it is run again where its profile says so. */
import type { ProfileSettings } from "../../runtime/core/settings";
import { cancelJob } from "../../runtime/flow/cancel-job";
import { rerunLater } from "../../runtime/flow/rerun-job";
import { warnRunner, type Warning } from "../../runtime/flow/interruption";
import { ec2Profile } from "../compute/ec2/ec2-world";
import { ForgeWorld, runningJob, type ForgeWorldOptions } from "../fakes/forge-world";
import { World } from "../fakes/flow-world";
import { someSettings } from "../fixtures/records";

type Policy = "rerun" | "fail";

function spotProfile(onInterruption: Policy = "rerun"): ProfileSettings {
  const timeouts = { bootMs: 30_000, idleMs: 60_000, jobMs: 3_600_000, queuedMs: 86_400_000, waitingMs: 86_400_000 };
  return { ...ec2Profile("small", { onInterruption }), labels: ["linux"], timeouts };
}

const onSpot = (policy?: Policy): ForgeWorldOptions => ({ profiles: [spotProfile(policy)] });
const ownJobs = (policy?: Policy) => new World(someSettings([spotProfile(policy)]));

async function warn(world: World, runner: string, of: Warning["of"] = "interruption"): Promise<void> {
  await world.ports.queue.send([{ kind: "warned", profile: "small", runner, of }]);
  await world.pump();
}

/** Its machine is gone, and the sweep has noticed. */
async function taken(world: World, runner: string): Promise<void> {
  world.compute.vanish(runner);
  await world.ports.queue.send([{ kind: "check", profile: "small", runner }]);
  await world.pump();
}

const markets = ({ compute }: World) => compute.started.map(({ market }) => market ?? "as the profile says");
const stagesOf = ({ timeline }: { readonly timeline: readonly { readonly stage: string }[] }) =>
  timeline.map(({ stage }) => stage);

describe("a machine that is being taken away", () => {
  it("leaves at once when it has no job, and the job it was meant for gets another", async () => {
    const world = ownJobs();
    const { key } = await world.submit();
    await world.pump();
    const [runner = ""] = world.compute.machines.map((machine) => machine.runner);
    await warn(world, runner);
    expect(world.compute.machine(runner)).toBeUndefined();
    expect(world.compute.machines).toHaveLength(1);
    await world.agents()[0]?.serve();
    expect(await world.job(key)).toMatchObject({ state: "completed" });
  });

  it("is no machine that failed to boot: three of them open no breaker", async () => {
    const world = ownJobs();
    await world.submit();
    await world.pump();
    for (let round = 0; round < 4; round++) {
      const [machine] = world.compute.machines;
      if (machine === undefined) throw new Error("no machine was made");
      await warn(world, machine.runner);
      await taken(world, machine.runner);
      await world.turn(5_000);
    }
    expect(world.compute.machines).toHaveLength(1);
    expect((await world.view()).planner.breakers).toEqual({});
  });

  it("goes on with its job, whose timeline says it once, however often it is said", async () => {
    const world = ownJobs();
    const { key, agent } = await world.running();
    await warn(world, agent.runner);
    await warn(world, agent.runner);
    await agent.report([{ type: "interrupted", at: new Date(world.clock.now()).toISOString() }]);
    const told = await world.job(key);
    expect(told).toMatchObject({ state: "running" });
    expect(stagesOf(told).filter((stage) => stage === "interrupted")).toHaveLength(1);
    await agent.finish(0);
    await world.pump();
    expect(await world.job(key)).toMatchObject({ state: "completed", attempt: 1 });
    expect(world.compute.started).toHaveLength(1);
  });

  it("that may only be taken away leaves when it is idle, and tells nobody when it is not", async () => {
    const world = ownJobs();
    const { key, agent } = await world.running();
    await warn(world, agent.runner, "rebalance");
    expect(stagesOf(await world.job(key))).not.toContain("interrupted");
    expect((await world.ledger.readRunner("small", agent.runner))?.draining).toBe(true);
    expect(world.compute.machine(agent.runner)).toBeDefined();
  });

  it("may be gone already when the word of it comes", async () => {
    const world = ownJobs();
    await expect(warn(world, "nobody")).resolves.toBeUndefined();
  });
});

describe("a job of ours whose machine was taken away", () => {
  it("is run again without being asked, on-demand", async () => {
    const world = ownJobs();
    const { key, agent } = await world.running(0);
    await warn(world, agent.runner);
    await agent.finish(null, "interrupted");
    await world.pump();
    await world.agents().at(-1)?.serve();
    expect(await world.job(key)).toMatchObject({ state: "completed", attempt: 2 });
    expect(markets(world)).toEqual(["as the profile says", "on-demand"]);
  });

  it("is run again as well when its machine went without a word of its agent", async () => {
    const world = ownJobs();
    const { key, agent } = await world.running(0);
    await warn(world, agent.runner);
    await taken(world, agent.runner);
    await world.agents().at(-1)?.serve();
    expect(await world.job(key)).toMatchObject({ state: "completed", attempt: 2 });
    expect(markets(world)).toEqual(["as the profile says", "on-demand"]);
  });

  it("fails where its profile says so", async () => {
    const world = ownJobs("fail");
    const { key, agent } = await world.running(0);
    await warn(world, agent.runner);
    await agent.finish(null, "interrupted");
    await world.pump();
    expect(await world.job(key)).toMatchObject({ state: "failed", reason: "interrupted" });
    expect(world.compute.started).toHaveLength(1);
  });

  it("is not run again when somebody had cancelled it", async () => {
    const world = ownJobs();
    const { key, agent } = await world.running(0);
    const job = await world.job(key);
    await world.ledger.saveJob({ ...job, cancelRequestedAt: world.clock.now(), version: job.version + 1 });
    await warn(world, agent.runner);
    await agent.finish(null, "interrupted");
    await world.pump();
    expect(await world.job(key)).toMatchObject({ state: "cancelled" });
  });

  it("is run again however many machines went before they had it", async () => {
    const world = ownJobs();
    const { key } = await world.submit();
    await world.pump();
    for (let round = 0; round < 3; round++) await warn(world, world.compute.machines[0]?.runner ?? "");
    const agent = world.agents().at(-1);
    await agent?.take();
    await agent?.start();
    await warn(world, agent?.runner ?? "");
    await agent?.finish(null, "interrupted");
    await world.pump();
    expect(await world.job(key)).toMatchObject({ state: "starting", attempt: 2 });
  });

  it("is not run again for ever", async () => {
    const world = ownJobs();
    const { key } = await world.submit();
    await world.pump();
    for (let round = 0; round < 6; round++) {
      const agent = world.agents().at(-1);
      if (agent === undefined) break;
      await agent.take();
      await agent.start();
      await warn(world, agent.runner);
      await agent.finish(null, "interrupted");
      await world.pump();
    }
    expect(await world.job(key)).toMatchObject({ state: "failed", reason: "interrupted", attempt: 4 });
  });
});

describe("a forge's job whose machine was taken away", () => {
  async function interrupted(policy?: Policy) {
    const scene = await runningJob(onSpot(policy));
    await scene.world.tell(scene.started);
    await warn(scene.world, scene.runner);
    return scene;
  }

  it.each(["failure", "cancelled"] as const)(
    "and that the forge calls a %s is run again there, on-demand",
    async (conclusion) => {
      const { world, runner } = await interrupted();
      await world.tell(world.forge.end("a", conclusion));
      expect(await world.forgeJob("a")).toMatchObject({ state: "failed", reason: "interrupted" });
      expect(world.forge.calls).toContain("rerun");
      await taken(world, runner);
      await world.tell(world.forge.event("a-again1"));
      expect(markets(world)).toEqual(["as the profile says", "on-demand"]);
    },
  );

  it("that ended well all the same is not run again", async () => {
    const { world } = await interrupted();
    await world.tell(world.forge.end("a", "success"));
    expect(await world.forgeJob("a")).toMatchObject({ state: "completed" });
    expect(world.forge.calls).not.toContain("rerun");
  });

  it("stays failed where its profile says so", async () => {
    const { world } = await interrupted("fail");
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
    const { world } = await interrupted();
    const end = world.forge.end("a", "failure");
    await world.tell(end);
    await expect(world.tell(end)).resolves.toBeUndefined();
    expect([...world.forge.jobs.keys()]).toEqual(["a", "a-again1"]);
  });

  it("is run again though whoever wrote its end died at that, and no further word of it comes", async () => {
    const { world } = await interrupted();
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
    const { world, runner } = await interrupted();
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
