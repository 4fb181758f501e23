/** A job whose move to another profile broke off between its two writes: it stands in both, until one goes. */
import type { ProfileSettings } from "../../runtime/core/settings";
import { placeAllAnew } from "../../runtime/flow/place-job";
import { sweep } from "../../runtime/flow/sweep";
import { ForgeWorld, type ForgeWorldOptions } from "../fakes/forge-world";
import { someProfile } from "../fixtures/records";

const second = 1_000;
const gpu = ["linux", "gpu"];
const small = { ...someProfile({ name: "small" }), labels: gpu };
const large = { ...someProfile({ name: "large" }), labels: [...gpu, "large"] };
/** The job does not fit it. */
const plain = { ...small, labels: ["linux"] };

/** It had a machine coming in `small` when it began to move to `large`. */
async function twins(now: readonly ProfileSettings[], options: ForgeWorldOptions = {}) {
  const world = new ForgeWorld({ profiles: [small, large], ...options });
  await world.tell(world.forge.queue({ id: "a", labels: gpu }));
  const { settings } = world;
  world.settings = { ...settings, profiles: [plain, large] };
  world.ledger.dropJob = () => Promise.reject(new Error("the ledger is away"));
  await placeAllAnew(world.ports).catch(() => undefined);
  Reflect.deleteProperty(world.ledger, "dropJob");
  world.settings = { ...settings, profiles: now };
  const places = async () => [...(await world.view("small")).jobs, ...(await world.view("large")).jobs];
  const profiles = async () => (await places()).map(({ profile }) => profile);
  expect(await profiles()).toEqual(["small", "large"]);
  return { world, places, profiles };
}

describe("a job that stands in two places", () => {
  it("stands in one after the next sweep, and is given one machine", async () => {
    const { world, profiles } = await twins([small, large]);
    await world.turn(31 * second);
    expect(await profiles()).toEqual(["small"]);
    expect(world.machines()).toHaveLength(1);
  });

  it("stays where it fits now, though a machine was meant for it where it does not", async () => {
    const { world, profiles } = await twins([plain, large]);
    await sweep(world.ports);
    expect(await profiles()).toEqual(["large"]);
    await world.pump();
    expect(await world.forgeJob("a")).toMatchObject({ profile: "large", state: "starting" });
  });

  it("stays where a runner has it, though it does not fit there any more", async () => {
    const { world, places, profiles } = await twins([plain, large]);
    const [here] = await places();
    if (here !== undefined)
      await world.ledger.saveJob({ ...here, state: "running", bound: true, version: here.version + 1 });
    await sweep(world.ports);
    expect(await profiles()).toEqual(["small"]);
  });

  it("and whose forge cannot be asked stays where a machine is meant for it, and moves when that answers", async () => {
    const { world, profiles } = await twins([plain, large], { wall: "user" });
    world.forge.failWith("source-unreachable");
    await sweep(world.ports);
    expect(await profiles()).toEqual(["small"]);
    world.forge.failWith(undefined);
    await world.turn(61 * second);
    expect(await profiles()).toEqual(["large"]);
  });

  it("ends in both, though the forge's word of that reached one of them", async () => {
    const { world, places } = await twins([small, large]);
    await world.tell(world.forge.end("a", "cancelled"));
    expect(await places()).toHaveLength(1);
    await world.discover();
    expect(await places()).toEqual([]);
  });
});
