import { type FakeWorld, type WorldOptions, fakeWorld, until } from "./fake-world";

const runner = "r1aaaaaaaa";
let world: FakeWorld;
const open = async (options: WorldOptions = {}) => {
  world = await fakeWorld(options);
  await world.compute.launch(world.request(runner));
};
afterEach(() => world.close());

const left = () => [...world.engine.state.containers.values()].map(({ name }) => name);
const waits = () => world.engine.called(/wait$/);
const exited = () => until(() => (world.exits.length > 0 ? world.exits : undefined));

describe("the end of a machine", () => {
  it("is a kill and a removal with its volumes, running or not", async () => {
    await open();
    await world.compute.terminate([runner]);
    expect(left()).toEqual([]);
    expect(world.engine.called(/kill$/).map(({ query }) => query.get("signal"))).toEqual(["SIGKILL"]);
    const [removal] = world.engine.called(/^DELETE .*[c1-9]$/).slice(-1);
    expect(Object.fromEntries(removal?.query ?? [])).toEqual({ force: "true", v: "true" });
  });

  it.each([
    ["removal is in progress", { status: 409, message: "removal of container c is already in progress" }],
    ["a process of it does not die", { status: 500, message: "container did not die within timeout" }],
  ])("waits until it is gone when the engine says: %s", async (_what, answer) => {
    await open();
    world.engine.troubles.push({ at: /^DELETE /, answer, times: 2 });
    await world.compute.terminate([runner]);
    expect(left()).toEqual([]);
  });

  it("has come when somebody else removed it between two of our calls", async () => {
    await open();
    world.engine.troubles.push({
      at: /^DELETE /,
      answer: { status: 404, message: "No such container" },
      afterwards: true,
    });
    await world.compute.terminate([runner]);
    expect(left()).toEqual([]);
  });

  it("is not known when the engine gives no answer, and the next try goes on", async () => {
    await open();
    world.engine.troubles.push({ at: /^DELETE /, cut: true });
    await expect(world.compute.terminate([runner])).rejects.toThrow("the end of 1 machines failed");
    await world.compute.terminate([runner]);
    expect(left()).toEqual([]);
  });

  it("of one is not held up by another that cannot be ended", async () => {
    await open();
    await world.compute.launch(world.request("r2bbbbbbbb"));
    const { id } = world.container(runner);
    world.engine.troubles.push({ at: new RegExp(`^DELETE .*${id}`), cut: true });
    await expect(world.compute.terminate([runner, "r2bbbbbbbb"])).rejects.toThrow("1 machines");
    expect(left()).toEqual([`onejob-${runner}`]);
  });

  it("is remembered: a launch that comes late starts nothing", async () => {
    await open();
    await world.compute.terminate([runner, "r9late"]);
    expect(await world.compute.launch(world.request("r9late"))).toMatchObject([{ outcome: "launched" }]);
    expect(left()).toEqual([]);
  });
});

describe("an agent that ends", () => {
  it("is told of at once, with its last words when it failed", async () => {
    await open();
    world.container(runner).said = '{"level":"error","msg":"the agent crashed"}\n';
    world.engine.state.end(world.container(runner), 1);
    expect(await exited()).toEqual([runner]);
    const told = world.logged.find(({ sentence }) => sentence === "agent ended");
    expect(told?.fields).toEqual({ runner, exitCode: 1, said: '{"level":"error","msg":"the agent crashed"}' });
  });

  it("says nothing more when it ended well, and its words are cut where they are long", async () => {
    await open();
    await world.compute.launch(world.request("r2bbbbbbbb"));
    world.container(runner).said = "secret of a job";
    world.engine.state.end(world.container(runner), 0);
    world.container("r2bbbbbbbb").said = "x".repeat(5_000);
    world.engine.state.end(world.container("r2bbbbbbbb"), 2);
    await until(() => (world.exits.length === 2 ? true : undefined));
    const told = world.logged.filter(({ sentence }) => sentence === "agent ended").map(({ fields }) => fields["said"]);
    expect(told).toContain(undefined);
    expect(String(told.find((said) => said !== undefined)).length).toBeLessThan(500);
    expect(JSON.stringify(world.logged)).not.toContain("secret of a job");
  });

  it("is told of by the next server too, once that has listed it", async () => {
    await open();
    await until(() => (waits().length > 0 ? true : undefined));
    world.compute.close();
    const next = world.again();
    await next.list();
    await next.list();
    await until(() => (waits().length > 1 ? true : undefined));
    expect(waits()).toHaveLength(2);
    world.engine.state.end(world.container(runner), 0);
    expect(await exited()).toEqual([runner]);
  });

  it("is not told of after its server has closed", async () => {
    await open();
    await until(() => (waits().length > 0 ? true : undefined));
    world.compute.close();
    world.engine.state.end(world.container(runner), 0);
    await world.again().list();
    expect(world.exits).toEqual([]);
  });

  it("is watched again after the engine stopped in between", async () => {
    await open();
    await until(() => (waits().length > 0 ? true : undefined));
    await world.engine.stop();
    await world.engine.listen();
    await until(() => (world.logged.some(({ sentence }) => sentence.includes("not watched")) ? true : undefined));
    await world.compute.list();
    await until(() => (waits().length > 1 ? true : undefined));
    world.engine.state.end(world.container(runner), 0);
    expect(await exited()).toEqual([runner]);
  });
});

it.each([
  ["running", true],
  ["paused", true],
  ["created", false],
  ["exited", false],
  ["dead", false],
  ["removing", false],
] as const)("a container that is %s counts as alive: %j", async (state, alive) => {
  await open();
  Object.assign(world.container(runner), { state });
  expect(await world.compute.list()).toMatchObject([{ runner, alive }]);
});
