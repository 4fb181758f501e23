import type { AgentBoot } from "../../../runtime/core/agent-protocol";
import { type FakeWorld, type WorldOptions, fakeWorld, image, profileOf } from "./fake-world";

const runner = "r1aaaaaaaa";
let world: FakeWorld;
const open = async (options: WorldOptions = {}) => (world = await fakeWorld(options));
afterEach(() => world.close());

const launch = () => world.compute.launch(world.request(runner));
const ordersOf = () => JSON.parse(world.container(runner).orders[0] ?? "null") as AgentBoot;

describe("a launch that a crash cuts short", () => {
  it.each([
    ["the container was made", { at: /^POST \/containers\/create$/, cut: true, afterwards: true }],
    ["its orders were in it", { at: /^PUT .*\/archive$/, cut: true, afterwards: true }],
    ["it was asked to start and did not", { at: /start$/, cut: true }],
    ["it was asked to start and did", { at: /start$/, cut: true, afterwards: true }],
  ] as const)("after %s is finished by a replay, and starts one agent", async (_when, trouble) => {
    await open();
    await world.compute.launch(world.request("r0warm"));
    world.engine.troubles.push({ ...trouble });
    await expect(launch()).rejects.toThrow("gave no answer");
    const { id } = world.container(runner);
    expect(await world.again().launch(world.request(runner))).toMatchObject([{ outcome: "launched" }]);
    expect(world.container(runner)).toMatchObject({ id, starts: 1, state: "running" });
    expect(ordersOf().bootToken).toBe(`boot.${runner}.s3cret`);
  });

  it("shows what was made as a machine that does not live, until it is finished", async () => {
    await open();
    world.engine.troubles.push({ at: /start$/, cut: true });
    await expect(launch()).rejects.toThrow("gave no answer");
    const dead = { machine: runner, runner, launch: "launch-1", alive: false };
    expect(await world.compute.list()).toEqual([dead]);
    await launch();
    expect(await world.compute.list()).toEqual([{ ...dead, alive: true }]);
  });

  it("is no trouble for the other machines of the same launch, and the error names the cause", async () => {
    await open();
    await world.compute.launch(world.request("r0warm"));
    world.engine.troubles.push({ at: /^POST \/containers\/create$/, cut: true });
    await expect(world.compute.launch(world.request(runner, "r2bbbbbbbb"))).rejects.toThrow(
      /the launch of 1 machines failed: create container: .* gave no answer/,
    );
    expect((await world.compute.list()).filter(({ alive }) => alive)).toHaveLength(2);
  });

  it("may come back as a refusal, although the container was made", async () => {
    await open();
    world.engine.troubles.push({
      at: /^POST \/containers\/create$/,
      answer: { status: 500, message: "context deadline exceeded" },
      afterwards: true,
      // The first one is the container that brings the kit.
      times: 2,
    });
    expect(await launch()).toMatchObject([{ outcome: "launched" }]);
    expect(world.container(runner).starts).toBe(1);
  });
});

interface Refusal {
  readonly outcome: string;
  readonly detail: string;
}

async function refusal(): Promise<Refusal> {
  const [outcome] = await launch();
  if (outcome === undefined || outcome.outcome === "launched") throw new Error("it was launched");
  return outcome;
}

describe("a launch that is refused", () => {
  const says = (message: string, status = 500) => ({ status, message });

  it.each([
    ["start", says("OCI runtime create failed: exec format error", 400), "misconfigured"],
    ["start", says("crun: executable file `/opt` not found in $PATH: OCI runtime attempted to"), "misconfigured"],
    ["start", says("network ci not found", 404), "misconfigured"],
    ["start", says("failed to create shim task: no space left on device"), "quota"],
    ["start", says("fork/exec /proc/self/exe: cannot allocate memory"), "no-capacity"],
    ["start", says("something new"), "no-capacity"],
    ["archive", says("write /var/onejob/boot.json: no space left on device"), "quota"],
  ])("at its %s with %j is %s, and leaves no container", async (step, answer, outcome) => {
    await open();
    await world.compute.launch(world.request("r0warm"));
    world.engine.troubles.push({ at: new RegExp(`^(POST|PUT) .*/${step}$`), answer });
    const { outcome: told, detail } = await refusal();
    expect(told).toBe(outcome);
    // The engine is of another kind of machine than we are.
    expect(detail).toBe(`the container does not start, and needs an image with Node 20 or later: ${answer.message}`);
    expect((await world.compute.list()).map((machine) => machine.runner)).toEqual(["r0warm"]);
    expect(await launch()).toMatchObject([{ outcome: "launched" }]);
  });

  it.each([
    [says("container create: unable to find network with name or ID ci: network not found"), "misconfigured"],
    [says("invalid mount config for type bind: bind source path does not exist: /x", 400), "misconfigured"],
    [says("disk quota exceeded"), "quota"],
    [says("No such image: debian:12", 404), "no-capacity"],
    [says("database is locked"), "no-capacity"],
  ])("when its container is made, with %j, is %s", async (answer, outcome) => {
    await open();
    await world.compute.launch(world.request("r0warm"));
    world.engine.troubles.push({ at: /^POST \/containers\/create$/, answer });
    expect(await refusal()).toEqual({
      runner,
      outcome,
      detail: `the engine makes no container: ${answer.message}`,
    });
  });

  it.each(["onejob-other", "postgres"])(
    "because a container of its name is somebody else's leaves that one alone (%s)",
    async (owner) => {
      await open();
      const Labels: Record<string, string> = { "dev.onejob.home": owner, "dev.onejob.runner": runner };
      world.engine.state.makeContainer(`onejob-${runner}`, {
        Image: image,
        Labels,
        Entrypoint: [],
        Cmd: [],
        HostConfig: {},
      });
      const { outcome, detail } = await refusal();
      expect(outcome).toBe("misconfigured");
      expect(detail).toContain("is not of this server");
      await world.compute.terminate([runner]);
      expect(world.container(runner)).toMatchObject({ state: "created", starts: 0 });
      expect(await world.compute.list()).toEqual([]);
    },
  );

  it.each([
    ["SELinux", () => Object.assign(world.engine.info, { SecurityOptions: ["name=seccomp", "name=selinux"] })],
    ["userns-remap", () => Object.assign(world.engine.info, { SecurityOptions: ["name=userns,profile=x"] })],
  ])("where containers cannot use the socket (%s) says to set an address", async (why, prepare) => {
    await open();
    prepare();
    const { outcome, detail } = await refusal();
    expect(outcome).toBe("misconfigured");
    expect(detail).toContain(why);
    expect(detail).toContain("set compute.serverUrl");
    const compute = { ...profileOf("small", { socket: world.engine.socket, serverUrl: "http://10.0.0.1:7433" }) };
    world.profiles.splice(0, 1, compute);
    expect(await launch()).toMatchObject([{ outcome: "launched" }]);
  });

  it("by an engine of containers that are not Linux says so", async () => {
    await open();
    world.engine.info["OSType"] = "windows";
    expect((await refusal()).detail).toBe("the engine makes containers of Windows; switch it to Linux ones");
  });

  it("where the server has no socket says to set an address", async () => {
    await open({ socket: undefined });
    expect((await refusal()).detail).toContain("because the path of the data folder is too long for one");
  });

  it.each(["", "../../etc", "a b", "-x", "x".repeat(65)])("of a runner called %j names no container", async (name) => {
    await open();
    const [outcome] = await world.compute.launch(world.request(name));
    expect(outcome).toMatchObject({ outcome: "misconfigured" });
    expect(world.engine.calls).toEqual([]);
  });

  it("for a profile that is on another compute by now says so", async () => {
    await open();
    world.profiles.splice(0, 1, { ...profileOf("small", {}), compute: { kind: "process", firstUid: 60_600 } });
    expect(await refusal()).toMatchObject({
      outcome: "misconfigured",
      detail: expect.stringContaining("process") as string,
    });
  });
});

describe("an engine that is none", () => {
  it.each([
    ["answers what no engine says", { status: 200, message: "hello" }],
    ["is a web server that knows no such page", { status: 405, message: "method not allowed" }],
  ])("%s: no machine is taken for made", async (_what, answer) => {
    await open();
    world.engine.troubles.push({ at: /./, answer, times: 100 });
    const outcome = await launch().then(
      ([told]) => told?.outcome,
      () => "no answer",
    );
    expect(outcome).not.toBe("launched");
    await expect(world.compute.list()).rejects.toThrow("machines not listed");
  });
});
