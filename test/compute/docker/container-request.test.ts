import type { AgentBoot } from "../../../runtime/core/agent-protocol";
import type { ContainerBody } from "./fake-engine-state";
import { type FakeWorld, type WorldOptions, fakeWorld } from "./fake-world";

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
