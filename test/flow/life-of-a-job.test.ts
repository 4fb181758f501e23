import { someProfile, someSettings } from "../fixtures/records";
import { World } from "../fakes/flow-world";
import { readTimeline, readWhy, resolveJob } from "../../runtime/flow/read-job";
import { cancelJob } from "../../runtime/flow/cancel-job";
import { rerunJob } from "../../runtime/flow/rerun-job";

const capped = (maxRunners: number) => someSettings([someProfile({ limits: { maxRunners } })]);

describe("a submitted job", () => {
  it("gets a machine of its own, runs, and leaves nothing but its record", async () => {
    const world = new World();
    const { key } = await world.submit();
    await world.pump();
    expect(await world.job(key)).toMatchObject({ state: "starting" });
    const [agent] = world.agents();
    await agent?.serve();
    expect(await world.job(key)).toMatchObject({ state: "completed", exitCode: 0, runner: agent?.runner });
    await world.pump();
    expect(world.compute.machines).toEqual([]);
    expect(await world.view()).toMatchObject({ jobs: [], runners: [], planner: { launches: [], lease: null } });
  });

  it("has all eleven stages on its timeline, in order", async () => {
    const world = new World();
    const { key } = await world.submit();
    await world.pump();
    await world.agents()[0]?.serve();
    const timeline = await readTimeline(await world.job(key), world.ports);
    expect(timeline.map((entry) => entry.stage)).toEqual([
      ...["created", "received", "admitted", "claimed", "launching", "launched", "booted", "enrolled", "listening"],
      ...["started", "finished"],
    ]);
  });

  it("shows what is known of its coming runner before it starts", async () => {
    const world = new World();
    const { key } = await world.submit();
    await world.pump();
    await world.agents()[0]?.enrol();
    const timeline = await readTimeline(await world.job(key), world.ports);
    expect(timeline.map((entry) => entry.stage)).toContain("enrolled");
  });

  it("sent twice under one idempotency key is one job", async () => {
    const world = new World();
    const first = await world.submit({}, "same");
    const second = await world.submit({}, "same");
    await world.pump();
    expect(second.key).toBe(first.key);
    expect(world.compute.started).toHaveLength(1);
  });

  it("is found by key, by id, and by a prefix of it, and not by one that is too short", async () => {
    const world = new World();
    const job = await world.submit();
    for (const reference of [job.key, job.id, job.id.slice(0, 26), job.id.toLowerCase()]) {
      expect((await resolveJob(reference, world.ports)).key).toBe(job.key);
    }
    await expect(resolveJob("01JD", world.ports)).rejects.toMatchObject({ code: "not-found" });
  });

  it("that begins like another is not guessed", async () => {
    const world = new World();
    await world.submit();
    await world.submit();
    await expect(resolveJob("01JD0000", world.ports)).rejects.toMatchObject({ code: "ambiguous-job" });
  });

  it("goes to the default profile without label and profile, and is refused for a label nobody has", async () => {
    const big = someProfile({ name: "big" });
    const settings = { ...someSettings([someProfile(), { ...big, priority: -1 }]), defaultProfile: "big" };
    const world = new World(settings);
    expect((await world.submit()).profile).toBe("big");
    expect((await world.submit({ labels: ["LINUX"] })).profile).toBe("small");
    await expect(world.submit({ labels: ["gpu"] })).rejects.toMatchObject({ code: "bad-label" });
    await expect(world.submit({ profile: "none" })).rejects.toMatchObject({ code: "bad-profile" });
  });

  it("can be run again once it has ended, as a new job", async () => {
    const world = new World();
    const job = await world.submit();
    await expect(rerunJob(job, world.ports)).rejects.toMatchObject({ code: "not-final" });
    await world.pump();
    await world.agents()[0]?.serve();
    const { job: again } = await rerunJob(await world.job(job.key), world.ports);
    expect(again).toMatchObject({ state: "queued", attempt: 1, work: job.work });
    expect(again.key).not.toBe(job.key);
  });
});

describe("a limit", () => {
  it("is kept, the longest waiting go first, and the rest is told why", async () => {
    const world = new World(capped(2));
    const jobs = [];
    for (let index = 0; index < 5; index += 1) jobs.push(await world.submit());
    await world.pump();
    expect(world.compute.machines).toHaveLength(2);
    expect(await readWhy(jobs[4] ?? (await world.submit()), world.ports)).toMatchObject({ reason: "at-profile-cap" });
    let most = 0;
    while ((await world.view()).jobs.length > 0) {
      for (const agent of world.agents()) await agent.serve();
      await world.pump();
      most = Math.max(most, world.compute.machines.length);
    }
    expect(most).toBe(2);
    expect(world.compute.started).toHaveLength(5);
    const timeline = await readTimeline(await world.job(jobs[4]?.key ?? ""), world.ports);
    expect(timeline).toContainEqual(expect.objectContaining({ stage: "waiting", reason: "at-profile-cap" }));
  });

  it("of the whole fleet holds over profiles, and room given back goes to the profile that went hungry", async () => {
    const settings = someSettings([someProfile({ name: "a" }), { ...someProfile({ name: "b" }), labels: ["other"] }], {
      maxRunners: 2,
    });
    const world = new World(settings);
    for (const profile of ["a", "a", "a", "b"]) await world.submit({ profile });
    await world.pump();
    expect(world.compute.machines.map((machine) => machine.profile)).toEqual(["a", "a"]);
    const [waiting] = (await world.view("b")).jobs;
    expect(waiting && (await readWhy(waiting, world.ports))).toMatchObject({ reason: "at-fleet-cap" });
    for (const agent of world.agents()) await agent.serve();
    await world.pump();
    expect(world.compute.machines).toHaveLength(2);
    expect(new Set(world.compute.machines.map((machine) => machine.profile))).toEqual(new Set(["a", "b"]));
  });
});

describe("cancelling", () => {
  it("a queued job ends it at once, and its machine finds no other work and leaves", async () => {
    const world = new World();
    const job = await world.submit();
    await world.pump();
    expect(await cancelJob(await world.job(job.key), world.ports)).toMatchObject({
      state: "cancelled",
      reason: "cancelled-by-user",
    });
    const orders = await world.agents()[0]?.take();
    expect(orders?.assignment).toBeNull();
    await world.turn(world.settings.profiles[0]?.timeouts.idleMs);
    expect(world.compute.machines).toEqual([]);
  });

  it("leaves the machine to the next job in reach", async () => {
    const world = new World();
    const first = await world.submit();
    await world.pump();
    await cancelJob(await world.job(first.key), world.ports);
    const second = await world.submit();
    await world.pump();
    expect(world.compute.started).toHaveLength(1);
    expect((await world.agents()[0]?.take())?.assignment?.job).toBe(second.key);
  });

  it("a running job tells its agent, and ends when the agent says so", async () => {
    const world = new World();
    const job = await world.submit({ retries: 3 });
    await world.pump();
    const [agent] = world.agents();
    await agent?.take();
    await agent?.start();
    await cancelJob(await world.job(job.key), world.ports);
    expect(await world.job(job.key)).toMatchObject({ state: "running" });
    expect(await agent?.beat()).toMatchObject({ cancel: true });
    await agent?.finish(null, "cancelled-by-user");
    expect(await world.job(job.key)).toMatchObject({ state: "cancelled", reason: "cancelled-by-user" });
  });

  it("a running job whose agent does not obey ends it all the same, with its machine", async () => {
    const world = new World();
    const job = await world.submit();
    await world.pump();
    const [agent] = world.agents();
    await agent?.take();
    await agent?.start();
    await cancelJob(await world.job(job.key), world.ports);
    await world.turn(31_000);
    await world.turn();
    expect(await world.job(job.key)).toMatchObject({ state: "cancelled" });
    expect(world.compute.machines).toEqual([]);
  });
});
