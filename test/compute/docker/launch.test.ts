import type { AgentBoot } from "../../../runtime/core/agent-protocol";
import type { ContainerBody } from "./fake-engine-state";
import { type FakeWorld, type WorldOptions, fakeWorld, image, profileOf } from "./fake-world";

const runner = "r1aaaaaaaa";
let world: FakeWorld;
const open = async (options: WorldOptions = {}) => (world = await fakeWorld(options));
afterEach(() => world.close());

const launch = () => world.compute.launch(world.request(runner));
const bodyOf = () => world.container(runner).body;
const ordersOf = () => JSON.parse(world.container(runner).orders[0] ?? "null") as AgentBoot;

async function launched(options: WorldOptions = {}): Promise<ContainerBody> {
  await open(options);
  expect(await launch()).toEqual([{ runner, outcome: "launched", machine: runner }]);
  return bodyOf();
}

describe("the container of a machine", () => {
  it("is root's, runs the agent and nothing of the image, and is known by its labels", async () => {
    const body = await launched();
    expect(body).toMatchObject({ Image: "debian:12", User: "0:0", WorkingDir: "/", Cmd: [] });
    expect(body.Entrypoint).toEqual(["node", "/opt/onejob/agent.js", "--boot-file", "/var/onejob/boot.json"]);
    expect(body.Labels).toEqual({
      "dev.onejob.launch": "launch-1",
      "dev.onejob.runner": runner,
      "dev.onejob.home": "home-1",
      "dev.onejob.profile": "small",
    });
    expect(body.Env).toEqual([
      "ONEJOB_LAUNCH=launch-1",
      `ONEJOB_RUNNER=${runner}`,
      "ONEJOB_ROLE=agent",
      "ONEJOB_RUNNERS_DIR=home-1",
    ]);
  });

  it("gets no right it does not need, and stays until we remove it", async () => {
    const { HostConfig } = await launched();
    expect(HostConfig).toMatchObject({
      SecurityOpt: ["no-new-privileges"],
      Privileged: false,
      AutoRemove: false,
      RestartPolicy: { Name: "no" },
      LogConfig: { Type: "json-file", Config: { "max-size": "1m" } },
    });
    expect(HostConfig.NetworkMode).toBeUndefined();
  });

  it("sees of the host the kit and the folder of the socket, and can write to neither", async () => {
    const { HostConfig } = await launched();
    expect(HostConfig.Binds).toEqual([expect.stringMatching(/^onejob-kit-[0-9a-f]{16}:\/opt\/onejob:ro,nocopy$/)]);
    const folder = (world.options.socket ?? "").replace(/\/onejob\.sock$/, "");
    expect(HostConfig.Mounts).toEqual([{ Type: "bind", Source: folder, Target: "/run/onejob", ReadOnly: true }]);
  });

  it("has no mount of the host's at all where the server is reached by address", async () => {
    const { HostConfig } = await launched({ settings: { serverUrl: "http://host.docker.internal:7433" } });
    expect(HostConfig.Mounts).toEqual([]);
    expect(ordersOf()).toMatchObject({ url: "http://host.docker.internal:7433" });
    expect(ordersOf().socket).toBeUndefined();
  });

  it("joins the network that the profile names", async () => {
    expect((await launched({ settings: { network: "ci" } })).HostConfig.NetworkMode).toBe("ci");
  });

  it.each([
    ["both", { memoryMiB: 512, cpus: 1.5 }, { Memory: 536_870_912, MemorySwap: 536_870_912, NanoCpus: 1_500_000_000 }],
    ["neither", {}, { Memory: undefined, MemorySwap: undefined, NanoCpus: undefined }],
  ])("is held to the profile's limits: %s", async (_which, limits, expected) => {
    const { HostConfig } = await launched({ limits });
    const { Memory, MemorySwap, NanoCpus, PidsLimit } = HostConfig;
    expect({ Memory, MemorySwap, NanoCpus }).toEqual(expected);
    expect(PidsLimit).toBe(4_096);
    expect(await world.compute.enforcement("small")).toEqual({ memory: true, cpu: true });
  });

  it("is asked for no limit that the engine says it does not hold, and that is shown", async () => {
    await open({ limits: { memoryMiB: 512, cpus: 1 } });
    Object.assign(world.engine.info, { MemoryLimit: false, CpuCfsQuota: false, PidsLimit: false });
    await launch();
    expect(Object.keys(bodyOf().HostConfig)).not.toEqual(expect.arrayContaining(["Memory"]));
    expect(bodyOf().HostConfig).not.toHaveProperty("NanoCpus");
    expect(bodyOf().HostConfig).not.toHaveProperty("PidsLimit");
    expect(await world.compute.enforcement("small")).toEqual({ memory: false, cpu: false });
    expect(await world.compute.enforcement("unheard-of")).toBeUndefined();
  });

  it("keeps what an image sets for programs away from the agent's own Node, and gives it to the job", async () => {
    await open();
    const Env = ["PATH=/app/bin:/bin", "LD_PRELOAD=/lib/evil.so", "NODE_OPTIONS=--inspect", "A=b=c", "EMPTY="];
    world.engine.state.images.set("debian:12", { Env });
    await launch();
    expect(bodyOf().Env?.slice(0, 2)).toEqual(["LD_PRELOAD=", "NODE_OPTIONS="]);
    expect(ordersOf().environment).toEqual({
      ...{ PATH: "/app/bin:/bin", LD_PRELOAD: "/lib/evil.so", NODE_OPTIONS: "--inspect", A: "b=c", EMPTY: "" },
    });
  });

  it.each([
    ["an image has one", { Healthcheck: { Test: ["CMD", "true"] } }, { Test: ["NONE"] }],
    ["it has none", {}, undefined],
  ])("has no health check of the image running in it when %s", async (_when, facts, expected) => {
    await open();
    world.engine.state.images.set("debian:12", facts);
    await launch();
    expect(bodyOf().Healthcheck).toEqual(expected);
  });
});

describe("the agent's orders", () => {
  it("go into the container as a file for root alone, and hold the boot token nowhere else", async () => {
    await open();
    let orders: readonly [number | undefined, number | undefined] = [undefined, undefined];
    world.engine.state.start = (container) => {
      const modeOf = (path: string) => container.files.get(path)?.mode;
      orders = [modeOf("/var/onejob"), modeOf("/var/onejob/boot.json")];
      container.state = "running";
    };
    await launch();
    expect(orders).toEqual([0o711, 0o600]);
    const elsewhere = world.engine.calls.filter(({ method }) => method !== "PUT");
    const said = JSON.stringify(elsewhere.map(({ path, query, body }) => [path, query.toString(), body.toString()]));
    expect(said + JSON.stringify(world.logged)).not.toContain("s3cret");
  });

  it("name the server's socket as the container sees it, and the agent's and the job's folders", async () => {
    await launched();
    expect(ordersOf()).toEqual({
      url: "http://localhost",
      socket: "/run/onejob/onejob.sock",
      bootToken: `boot.${runner}.s3cret`,
      stateDir: "/var/onejob/state",
      jobDir: "/var/onejob/job",
      environment: {},
      marker: {
        ONEJOB_LAUNCH: "launch-1",
        ONEJOB_RUNNER: runner,
        ONEJOB_ROLE: "job",
        ONEJOB_RUNNERS_DIR: "home-1",
      },
    });
  });

  it.each([
    [null, undefined],
    ["0", undefined],
    ["1000", { uid: 1000, gid: 1000 }],
    ["1000:50", { uid: 1000, gid: 50 }],
    ["1000:0", { uid: 1000, gid: 0 }],
  ])("run the job of a profile with user %j as %j", async (user, expected) => {
    await launched({ settings: { user } });
    expect(ordersOf().user).toEqual(expected);
  });
});

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
    expect(detail).toBe(`the container does not start: ${answer.message}`);
    expect((await world.compute.list()).map((machine) => machine.runner)).toEqual(["r0warm"]);
    expect(await launch()).toMatchObject([{ outcome: "launched" }]);
  });

  it.each([
    [says("container create: unable to find network with name or ID ci: network not found"), "misconfigured"],
    [says("invalid mount config for type bind: bind source path does not exist: /x", 400), "misconfigured"],
    [says("disk quota exceeded"), "quota"],
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
