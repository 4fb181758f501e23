import { placeAllAnew } from "../../runtime/flow/place-job";
import { readWhy } from "../../runtime/flow/read-job";
import { ForgeWorld } from "../fakes/forge-world";
import { someProfile } from "../fixtures/records";

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

  it.each(["queued", "in_progress"])(
    "and that a runner of ours has all the same keeps the times of that runner's profile: heard of by %s",
    async (word) => {
      const labels = ["linux", "gpu"];
      const world = new ForgeWorld({ profiles: [{ ...someProfile(), labels }] });
      await world.tell(world.forge.queue({ id: "a", labels }));
      const [runner = ""] = world.machines();
      await world.up(runner);
      const { settings } = world;
      world.settings = { ...settings, profiles: [{ ...someProfile(), labels: ["linux"] }] };
      const queued = world.forge.queue({ id: "b", labels });
      if (word === "queued") {
        await world.tell(queued);
        expect(await world.forgeJob("b")).toMatchObject({ profile: null });
        world.settings = settings;
      }
      world.forge.move("a", "waiting");
      await world.tell(...[world.forge.assignTo(`onejob-${runner}`) ?? []].flat());
      expect(await world.forgeJob("b")).toMatchObject({ profile: "small", state: "running", runner });
      expect(await world.ledger.readUnrouted()).toEqual([]);
    },
  );

  it("nor may run here, and was over before anybody said that it waits, gets no machine when that is said", async () => {
    const boxed = { ...someProfile({ name: "boxed" }), labels: ["linux", "boxed"] };
    const world = new ForgeWorld({ wall: "user", profiles: [someProfile(), boxed] });
    const queued = world.forge.queue({ id: "a", fork: true });
    await world.tell(world.forge.end("a", "cancelled"));
    await world.tell(queued);
    expect(world.compute.started).toEqual([]);
    expect(await world.forgeJob("a")).toMatchObject({ state: "cancelled" });
  });
});
