import { drainFleet } from "../../runtime/flow/drain";
import { placeAllAnew } from "../../runtime/flow/place-job";
import { removeGhosts } from "../../runtime/flow/ask-source";
import { readWhy, resolveJob } from "../../runtime/flow/read-job";
import { rerunJob } from "../../runtime/flow/rerun-job";
import { cancelJob } from "../../runtime/flow/cancel-job";
import { settleRun } from "../../runtime/flow/look-at-job";
import { ForgeWorld, type ForgeWorldOptions } from "../fakes/forge-world";
import { someProfile } from "../fixtures/records";

const minute = 60_000;

/** A job with its machine up and listening. */
async function listening(options: ForgeWorldOptions = {}) {
  const world = new ForgeWorld(options);
  await world.tell(world.forge.queue({ id: "a" }));
  const [runner = ""] = world.machines();
  const agent = await world.up(runner);
  return { world, runner, agent };
}

async function running(options: ForgeWorldOptions = {}) {
  const { world, runner, agent } = await listening(options);
  const taken = world.forge.assign();
  if (taken === undefined) throw new Error("the forge gave nothing");
  return { world, runner, agent, started: taken.event };
}

describe("a forge's job", () => {
  it("gets a runner with its labels, is bound to it by the forge's word, and leaves nothing behind", async () => {
    const { world, runner, agent, started } = await running();
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
    const { world, agent, started } = await running();
    await agent.start();
    await world.tell(started, world.forge.end("a"));
    await agent.finish(0);
    await world.turn();
    expect(world.forge.calls).toEqual(["enrol"]);
  });

  it("shows every stage of its runner on its timeline", async () => {
    const { world, started } = await running();
    await world.tell(started);
    const stages = (await world.forgeJob("a")).timeline.map(({ stage }) => stage);
    expect(stages).toEqual([
      ...["created", "received", "admitted", "claimed", "launching", "launched", "booted", "enrolled"],
      ...["listening", "started"],
    ]);
  });

  it("that ends while its machine is still shutting down does not have it killed at once", async () => {
    const { world, runner, agent, started } = await running();
    await world.tell(started, world.forge.end("a"));
    expect(await world.stateOf(runner)).toBe("running");
    await world.turn(20_000);
    expect(world.machines()).toEqual([runner]);
    await agent.finish(0);
    await world.turn();
    expect(world.machines()).toEqual([]);
  });

  it("whose agent does not leave when it ended has its machine ended after a while", async () => {
    const { world, agent, started } = await running();
    await world.tell(started, world.forge.end("a"));
    for (let waited = 0; waited < 4; waited += 1) {
      await world.turn(10_000);
      if (world.machines().length > 0) await agent.beat();
    }
    await world.turn();
    expect(world.machines()).toEqual([]);
  });

  it("that never told us it ended is looked up once its machine is gone", async () => {
    const { world, agent, started } = await running();
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
    const { world, runner, agent } = await running();
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
    const { world, runner, agent, started } = await running();
    const told = { queued: world.forge.event("a"), started, ended: world.forge.end("a") };
    for (const word of order) await world.tell(told[word as keyof typeof told]);
    await agent.finish(0);
    await world.turn();
    expect(await world.forgeJob("a")).toMatchObject({ state: "completed", runner });
    expect(world.compute.started).toHaveLength(1);
    expect(world.machines()).toEqual([]);
  });

  it("cancelled before it was claimed leaves its machine to the next in reach", async () => {
    const { world, runner } = await listening();
    await world.tell(world.forge.end("a", "cancelled"));
    expect(await world.forgeJob("a")).toMatchObject({ state: "cancelled", reason: "cancelled-by-source" });
    await world.tell(world.forge.queue({ id: "b" }));
    expect(world.machines()).toEqual([runner]);
    const taken = world.forge.assign();
    await world.tell(...(taken ? [taken.event] : []));
    expect(await world.forgeJob("b")).toMatchObject({ state: "running", runner });
  });

  it("cancelled by us is cancelled at the forge, which says when it is over", async () => {
    const { world } = await listening();
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
    const { world, agent, started } = await running();
    await world.tell(world.forge.queue({ id: "b" }), started, world.forge.end("a", "failure"));
    await agent.finish(0);
    expect(await rerunJob(await world.forgeJob("a"), world.ports)).toMatchObject({ kind: "later" });
    await expect(world.pump()).rejects.toMatchObject({ code: "conflict" });
    world.forge.end("b", "cancelled");
    expect(await rerunJob(await world.forgeJob("a"), world.ports)).toMatchObject({ kind: "asked" });
  });

  it("of a run that is over is looked up, whatever was lost of it", async () => {
    const { world, started } = await running();
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
    const { world, runner } = await listening();
    await world.tell(world.forge.takenElsewhere("a"));
    expect(await world.forgeJob("a")).toMatchObject({ state: "running", runner: null });
    expect((await world.runner(runner))?.state).toBe("idle");
    await world.tell(world.forge.end("a"));
    expect(await world.forgeJob("a")).toMatchObject({ state: "completed" });
  });
});

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
    const { world, runner, agent } = await running();
    await agent.start();
    await world.turn();
    expect(await world.runner(runner)).toMatchObject({ state: "running", job: null });
    expect(world.compute.started).toHaveLength(1);
  });

  it("has the forge asked at once where no webhook would say it", async () => {
    const { world, runner, agent } = await running({ announces: false });
    await agent.start();
    await world.pump();
    expect(await world.forgeJob("a")).toMatchObject({ state: "running", runner });
    expect(world.forge.calls.filter((call) => call === "jobState")).toHaveLength(1);
  });

  it("and leaves before the forge was heard of has the forge asked before another machine is made", async () => {
    const { world, runner, agent } = await running();
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
    const { world, runner, agent } = await listening();
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
    const { world, runner, agent } = await listening();
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
    const { world, runner, agent } = await listening();
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
    const { world, runner } = await listening();
    await world.tell(world.forge.end("a", "cancelled"));
    await world.turn(5 * minute);
    await world.turn(31_000);
    expect(world.forge.calls).toContain("withdraw");
    expect(await world.stateOf(runner)).toBe("gone");
  });

  it("whose machine is gone is taken off the forge's list", async () => {
    const { world, runner } = await listening();
    world.compute.vanish(runner);
    await world.turn(1_000);
    expect(world.forge.runners.has(`onejob-${runner}`)).toBe(false);
  });

  it("that the forge could not be told of then is found there later", async () => {
    const { world, runner } = await listening();
    world.forge.failWith("source-unreachable");
    world.compute.vanish(runner);
    world.forge.leaves(runner);
    await world.turn(1_000);
    world.forge.failWith(undefined);
    expect(world.forge.runners.has(`onejob-${runner}`)).toBe(true);
    await removeGhosts("gh", world.ports);
    expect(world.forge.runners.has(`onejob-${runner}`)).toBe(false);
  });

  it("leaves with a drain, the busy finish first", async () => {
    const { world, agent } = await listening();
    await drainFleet({ now: false }, world.ports);
    await world.pump();
    expect((await agent.beat()).drain).toBe(true);
    await agent.finish(0);
    await world.pump();
    expect(world.machines()).toEqual([]);
  });
});

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

describe("a listener that will not start", () => {
  it.each(["boot-failing", "misconfigured"] as const)("is told as %s with what it said", async (reason) => {
    const { world, agent } = await listening();
    await agent.finish(7, reason, "the runner is too old for the server (exit 7)");
    await world.pump();
    const why = await readWhy(await world.forgeJob("a"), world.ports);
    expect(why.what).toContain("exit 7");
    expect(why.reason).toBe(reason);
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

describe("a forge that cannot be asked", () => {
  it.each([
    ["source-unreachable", "source-unreachable"],
    ["source-throttled", "throttled"],
    ["source-refused", "misconfigured"],
  ] as const)("with %s is what a waiting job says, and no machine after machine is made", async (code, reason) => {
    const world = new ForgeWorld();
    const queued = world.forge.queue({ id: "a" });
    world.forge.failWith(code);
    await world.tell(queued);
    await world.tell(world.forge.queue({ id: "b" }));
    const planner = (await world.view()).planner;
    expect(Object.values(planner.blocked)).toMatchObject([{ reason }]);
    expect(world.compute.started).toHaveLength(1);
  });

  it("and answers again gives the machine that waited its right", async () => {
    const world = new ForgeWorld();
    const queued = world.forge.queue({ id: "a" });
    world.forge.failWith("source-unreachable");
    await world.tell(queued);
    const [agent] = world.agents();
    expect(await agent?.enrol()).toMatchObject({ kind: "later" });
    world.forge.failWith(undefined);
    expect(await agent?.enrol()).toMatchObject({ kind: "enrolled" });
    expect((await world.view()).planner.blocked).toEqual({});
  });

  it("does not make its machines count as failing to boot", async () => {
    const world = new ForgeWorld();
    const queued = world.forge.queue({ id: "a" });
    world.forge.failWith("source-unreachable");
    await world.tell(queued);
    await world.agents()[0]?.enrol();
    await world.turn(minute);
    expect((await world.view()).planner.breakers).toEqual({});
  });

  it("leaves a running job alone until it can be asked how it ended", async () => {
    const { world, agent, started } = await running();
    await world.tell(started);
    world.forge.end("a");
    world.forge.failWith("source-unreachable");
    await agent.finish(0);
    for (let waited = 0; waited < 5; waited += 1) await world.turn(30_000);
    expect(await world.forgeJob("a")).toMatchObject({ state: "running" });
    world.forge.failWith(undefined);
    for (let waited = 0; waited < 3; waited += 1) await world.turn(30_000);
    expect(await world.forgeJob("a")).toMatchObject({ state: "completed" });
  });
});

describe("a machine lost under a forge's job", () => {
  it("fails the job here as the forge will", async () => {
    const { world, runner, started } = await running();
    await world.tell(started);
    world.compute.vanish(runner);
    await world.turn(1_000);
    expect(await world.forgeJob("a")).toMatchObject({ state: "failed", reason: "agent-lost" });
  });

  it("after the job ended there takes the forge's word for it", async () => {
    const { world, runner, started } = await running();
    await world.tell(started);
    world.forge.end("a");
    world.compute.vanish(runner);
    await world.turn(1_000);
    expect(await world.forgeJob("a")).toMatchObject({ state: "completed" });
  });
});

describe("jobs that nobody told us of", () => {
  it("are found by asking, and moves as well", async () => {
    const world = new ForgeWorld({ announces: false });
    world.forge.queue({ id: "a" });
    await world.discover();
    await world.allUp();
    world.forge.assign();
    await world.discover();
    expect((await world.forgeJob("a")).state).toBe("running");
    world.forge.end("a");
    await world.discover();
    expect((await world.forgeJob("a")).state).toBe("completed");
  });

  it("found again and again change nothing", async () => {
    const world = new ForgeWorld({ announces: false });
    world.forge.queue({ id: "a" });
    await world.discover();
    const { version } = await world.forgeJob("a");
    await world.discover();
    await world.discover();
    expect((await world.forgeJob("a")).version).toBe(version);
    expect(world.compute.started).toHaveLength(1);
  });
});

describe("a job from a fork", () => {
  const boxed = { ...someProfile({ name: "boxed" }), labels: ["linux", "boxed"] };

  it.each(["none", "user"] as const)("never gets a machine with the wall %s, and says why", async (wall) => {
    const world = new ForgeWorld({ wall, trust: "same-user" });
    await world.tell(world.forge.queue({ id: "a", fork: true }));
    await world.turn();
    expect(world.compute.started).toEqual([]);
    const why = await readWhy(await world.forgeJob("a"), world.ports);
    expect(why.reason).toBe("untrusted-on-process");
    expect(why.what).toContain("fork");
  });

  it("gets one where there is a wall", async () => {
    const world = new ForgeWorld({ wall: "machine" });
    await world.tell(world.forge.queue({ id: "a", fork: true }));
    expect(world.compute.started).toHaveLength(1);
    expect(world.forge.calls).not.toContain("isFork");
  });

  it("goes to the next profile that fits and is a wall", async () => {
    const world = new ForgeWorld({ wall: "user", profiles: [someProfile(), boxed] });
    const { compute } = world.ports;
    const walled = { ...world.ports, compute: (kind: string) => compute(kind) };
    expect(walled.compute("process")?.wall).toBe("user");
    await world.tell(world.forge.queue({ id: "a", fork: true }));
    expect((await world.forgeJob("a")).barred).not.toBeNull();
  });

  it("that cannot be told from one is treated as one until its run can be read", async () => {
    const world = new ForgeWorld({ wall: "user" });
    const queued = world.forge.queue({ id: "a" });
    world.forge.failWith("source-unreachable");
    await world.tell(queued).catch(() => undefined);
    expect(await world.forgeJob("a")).toMatchObject({ reason: "source-unreachable" });
    expect(world.compute.started).toEqual([]);
    world.forge.failWith(undefined);
    await placeAllAnew(world.ports);
    await world.pump();
    expect(world.compute.started).toHaveLength(1);
  });
});

describe("a job of the repository itself", () => {
  it("runs as the server's own user only where its source is trusted so far", async () => {
    const world = new ForgeWorld({ wall: "none" });
    await world.tell(world.forge.queue({ id: "a" }));
    expect(await world.forgeJob("a")).toMatchObject({ reason: "untrusted-on-process" });
    const trusting = new ForgeWorld({ wall: "none", trust: "same-user" });
    await trusting.tell(trusting.forge.queue({ id: "a" }));
    expect(trusting.compute.started).toHaveLength(1);
  });

  it("runs as a user of its own without that", async () => {
    const world = new ForgeWorld({ wall: "user" });
    await world.tell(world.forge.queue({ id: "a" }));
    expect(world.compute.started).toHaveLength(1);
  });
});

describe("a job that fits no profile", () => {
  it("is placed once a profile fits, under the same key, and nothing of it stays behind", async () => {
    const world = new ForgeWorld();
    await world.tell(world.forge.queue({ id: "a", labels: ["linux", "gpu"] }));
    expect(await world.forgeJob("a")).toMatchObject({ profile: null, reason: "no-matching-profile" });
    const gpu = { ...someProfile({ name: "gpu" }), labels: ["linux", "gpu"] };
    world.settings = { ...world.settings, profiles: [...world.settings.profiles, gpu] };
    await placeAllAnew(world.ports);
    await world.pump();
    expect(await world.forgeJob("a")).toMatchObject({ profile: "gpu", state: "starting" });
    expect(await world.ledger.readUnrouted()).toEqual([]);
    expect((await world.ledger.listJobs({ limit: 10 })).items).toHaveLength(1);
  });
});
