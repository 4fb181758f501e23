import { World } from "../fakes/flow-world";
import { someProfile, someSettings } from "../fixtures/records";

describe("the sweep", () => {
  it("keeps other deadlines, however many runners wait for a compute that gives no answer", async () => {
    const world = new World();
    for (let busy = 0; busy < 8; busy += 1) await world.running();
    const { key } = await world.submit();
    await world.pump();
    const job = await world.job(key);
    await world.ledger.saveJob({ ...job, deadlineAt: world.clock.now() + 200_000, version: job.version + 1 });
    world.compute.list = () => {
      world.clock.forward(6_000);
      return Promise.reject(new Error("no answer"));
    };
    for (let sweeps = 0; sweeps < 8; sweeps += 1) await world.turn(60_000).catch(() => undefined);
    expect((await world.job(key)).state).toBe("expired");
  });

  it("ends machines that nobody knows", async () => {
    const world = new World();
    await world.compute.launch({
      launch: "forgotten",
      token: "t",
      profile: "small",
      machines: [{ runner: "orphan", bootToken: "b" }],
    });
    await world.turn();
    expect(world.compute.machines).toEqual([]);
    expect([...world.meter.counts.keys()]).toContain('onejob_sweep_repairs_total{"kind":"orphan"}');
  });

  it("plans what was admitted when the word to plan was lost", async () => {
    const world = new World();
    await world.submit();
    for (const { id } of await world.ports.queue.receive(10, 0)) await world.ports.queue.done(id);
    await world.turn();
    expect(world.compute.machines).toHaveLength(1);
  });

  it("retires a runner whose job ended when the word to retire it was lost", async () => {
    const world = new World();
    const { agent } = await world.running();
    await agent.finish();
    for (const { id } of await world.ports.queue.receive(10, 0)) await world.ports.queue.done(id);
    await world.turn(30_000);
    expect(world.compute.machines).toEqual([]);
  });

  it("expires a job that got no machine before its queue time-out", async () => {
    const world = new World(someSettings([someProfile({ limits: { maxRunners: 0 } })]));
    const { key } = await world.submit();
    await world.turn(world.settings.profiles[0]?.timeouts.queuedMs);
    expect(await world.job(key)).toMatchObject({ state: "expired", reason: "queue-timeout" });
  });

  it("removes finished jobs after the retention, with log and bundle", async () => {
    const world = new World();
    const { key, agent } = await world.running();
    await agent.report([], { offset: 0, data: Buffer.from("hello").toString("base64") });
    await agent.finish();
    expect(await world.files.logSize(key)).toBe(5);
    await world.turn(world.settings.retention.finishedMs + 1);
    expect(await world.ledger.readJob(key)).toBeUndefined();
    expect(await world.files.logSize(key)).toBe(0);
  });

  it("goes on with its other steps when the compute does not answer, and says that it failed", async () => {
    const world = new World();
    await world.submit();
    world.compute.breakNext("list", "before");
    await expect(world.turn()).rejects.toThrow("sweep failed in part");
    expect(world.compute.machines).toHaveLength(1);
  });
});
