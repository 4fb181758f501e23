import { changeWatch } from "../../../runtime/entry/lambda/forgive-changes";
import { facts } from "../../compute/ec2/ec2-world";
import { World } from "../../fakes/flow-world";

/** A job waits for a compute that says it is set up wrong. */
async function stuck(): Promise<World> {
  const world = new World();
  await changeWatch(facts)(world.ports);
  await world.submit();
  world.compute.answerNext("misconfigured");
  await world.pump();
  return world;
}

async function sweepAfter(world: World, watch: ReturnType<typeof changeWatch>): Promise<number> {
  world.clock.forward(60_000);
  await watch(world.ports);
  await world.turn();
  return world.compute.machines.length;
}

const change = (world: World): void => {
  world.settings = { ...world.settings, server: { ...world.settings.server, maxRunners: 7 } };
};

it("leaves what is set up wrong alone for its five minutes while nothing changes, also in a new process", async () => {
  const world = await stuck();
  expect(await sweepAfter(world, changeWatch(facts))).toBe(0);
  expect(await sweepAfter(world, changeWatch(facts))).toBe(0);
});

it.each([
  ["the settings changed", facts, change],
  ["a deployment changed what they name", { ...facts, accountId: "210987654321" }, () => undefined],
])("has it tried again with the next sweep once %s", async (_what, now, happens) => {
  const world = await stuck();
  happens(world);
  expect(await sweepAfter(world, changeWatch(now))).toBe(1);
});

it("notices a change that comes while the process lives, and forgives once for it", async () => {
  const world = await stuck();
  const watch = changeWatch(facts);
  expect(await sweepAfter(world, watch)).toBe(0);
  change(world);
  world.compute.answerNext("misconfigured");
  expect(await sweepAfter(world, watch)).toBe(0);
  expect(await sweepAfter(world, watch)).toBe(0);
});

it("keeps no sweep from its work when the ledger does not answer, and asks again with the next one", async () => {
  const world = await stuck();
  change(world);
  const readNote = () => Promise.reject(new Error("no answer"));
  const watch = changeWatch(facts);
  await watch({ ...world.ports, ledger: { ...world.ports.ledger, readNote } });
  expect(await sweepAfter(world, watch)).toBe(1);
});
