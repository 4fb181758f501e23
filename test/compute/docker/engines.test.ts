import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { usualSocket, usualSockets } from "../../../runtime/compute/docker/engine-socket";
import type { DockerComputeSettings } from "../../../runtime/core/settings";
import { type FakeWorld, type WorldOptions, fakeWorld, profileOf } from "./fake-world";
import { FakeEngine } from "./fake-engine";

const runner = "r1aaaaaaaa";
let world: FakeWorld;
let second: FakeEngine;
const open = async (options: WorldOptions = {}) => (world = await fakeWorld(options));
beforeEach(async () => {
  second = await FakeEngine.open();
  second.info["Architecture"] = "riscv64";
  second.state.images.set("debian:12", {});
});
afterEach(async () => {
  await world.close();
  await second.close();
});

const set = (...settings: readonly Partial<DockerComputeSettings>[]) =>
  void world.profiles.splice(0, 9, ...settings.map((each, index) => profileOf(index === 0 ? "small" : "large", each)));
const both = () => set({ socket: world.engine.socket }, { socket: second.socket });
const onSecond = () => ({ ...world.request("r2bbbbbbbb"), profile: "large" });
const listed = async (compute = world.compute) => (await compute.list()).map((machine) => machine.runner).sort();

describe("the engine of a profile", () => {
  it.each([
    ["its socket is absent", (path: string) => Promise.resolve(`${path}.none`)],
    [
      "nobody listens there",
      async (path: string) => {
        const gone = createServer();
        await new Promise<void>((resolve) => gone.listen(`${path}.gone`, resolve));
        // Only the name stays, as after a crash.
        await new Promise((resolve) => gone.close(resolve));
        await writeFile(`${path}.gone`, "");
        return `${path}.gone`;
      },
    ],
  ])("that is not there (%s) makes nothing: no capacity, which engine, and what to do", async (_how, prepare) => {
    await open();
    const socket = await prepare(world.engine.socket);
    set({ socket });
    const [outcome] = await world.compute.launch(world.request(runner));
    expect(outcome).toMatchObject({ outcome: "no-capacity" });
    expect(outcome).toMatchObject({
      detail: expect.stringMatching(
        new RegExp(`no engine answers at ${socket} .*; start Docker or Podman, or set compute.socket`),
      ) as string,
    });
    expect(await world.compute.enforcement("small")).toBeUndefined();
    await expect(world.compute.list()).rejects.toThrow(`machines not listed: no engine answers at ${socket}`);
    await expect(world.compute.terminate([runner])).rejects.toThrow("no engine answers");
  });

  it("that goes away in the midst of a launch, before its container was made, made nothing", async () => {
    await open();
    await world.compute.launch(world.request("r0warm"));
    world.engine.troubles.push({ at: /json$/, answer: { status: 503, message: "starting up" }, times: 1 });
    expect(await world.compute.launch(world.request(runner))).toMatchObject([{ outcome: "no-capacity" }]);
    expect(await listed()).toEqual(["r0warm"]);
  });

  it("that comes back as another kind is asked anew what it can", async () => {
    await open();
    expect(await world.compute.enforcement("small")).toEqual({ memory: true, cpu: true });
    await world.engine.stop();
    await expect(world.compute.list()).rejects.toThrow("no engine");
    world.engine.info["MemoryLimit"] = false;
    await world.engine.listen();
    expect(await world.compute.enforcement("small")).toEqual({ memory: false, cpu: true });
  });
});

describe("several engines", () => {
  it("each make the machines of their own profiles, and all are listed and ended", async () => {
    await open();
    both();
    await world.compute.launch(world.request(runner));
    await world.compute.launch(onSecond());
    expect([...second.state.containers.values()].map(({ name }) => name)).toEqual(["onejob-r2bbbbbbbb"]);
    expect(await listed()).toEqual([runner, "r2bbbbbbbb"]);
    await world.compute.terminate([runner, "r2bbbbbbbb"]);
    expect(await listed()).toEqual([]);
  });

  it("are all needed for a list: machines on one that is down must not look gone", async () => {
    await open();
    both();
    await world.compute.launch(onSecond());
    await second.stop();
    await expect(world.compute.list()).rejects.toThrow(`no engine answers at ${second.socket}`);
    await expect(world.compute.terminate(["r2bbbbbbbb"])).rejects.toThrow(second.socket);
  });

  it("do not stand in the way of an end on the one that has the machine", async () => {
    await open();
    both();
    await world.compute.launch(world.request(runner));
    await second.stop();
    await world.compute.terminate([runner]);
    expect(world.engine.state.containers.size).toBe(0);
  });
});

describe("an engine that no profile names any more", () => {
  it("is still asked, also by the next server, until nothing of ours is left there", async () => {
    await open();
    both();
    await world.compute.launch(onSecond());
    set({ socket: world.engine.socket });
    const next = world.again();
    expect(await listed(next)).toEqual(["r2bbbbbbbb"]);
    await next.terminate(["r2bbbbbbbb"]);
    expect(await listed(next)).toEqual([]);
    const before = second.calls.length;
    expect(await listed(next)).toEqual([]);
    expect(await listed(world.again())).toEqual([]);
    expect(second.calls).toHaveLength(before);
  });

  it("stops nothing when it is gone for good", async () => {
    await open();
    both();
    await world.compute.launch(onSecond());
    set({ socket: world.engine.socket });
    await second.stop();
    const next = world.again();
    await next.launch(world.request(runner));
    expect(await listed(next)).toEqual([runner]);
    await next.terminate([runner, "r2bbbbbbbb"]);
    expect(world.logged.some(({ sentence }) => sentence.includes("used before cannot be asked"))).toBe(true);
  });

  it("is forgotten with a file that somebody broke, and nothing else is", async () => {
    await open();
    await world.compute.launch(world.request(runner));
    await writeFile(join(world.options.stateDir, "engines.json"), "{ broken");
    expect(await listed(world.again())).toEqual([runner]);
  });
});

describe("two servers on one engine", () => {
  it("see and end only their own machines", async () => {
    await open();
    const other = world.again({ home: "home-2", stateDir: `${world.options.stateDir}-2` });
    await world.compute.launch(world.request(runner));
    await other.launch({ ...world.request("s1"), launch: "launch-2" });
    expect([await listed(), await listed(other)]).toEqual([[runner], ["s1"]]);
    await other.terminate([runner]);
    expect(world.container(runner).state).toBe("running");
  });

  it("do so even where the engine does not choose by labels", async () => {
    await open();
    const Labels = { "dev.onejob.home": "home-1" };
    const { state } = world.engine;
    state.makeContainer("no-machine", { Image: "", Labels, Entrypoint: [], Cmd: [], HostConfig: {} });
    await world.again({ home: "home-2" }).launch(world.request("s1"));
    await world.compute.launch(world.request(runner));
    state.ignoresFilters = true;
    expect(await listed()).toEqual([runner]);
  });
});

describe("without a socket in the profile", () => {
  const env = (more: Record<string, string>) => ({ HOME: "/nowhere", ...more });

  it("DOCKER_HOST says where the engine is", async () => {
    await open();
    set({ socket: null });
    const compute = world.again({ environment: env({ DOCKER_HOST: `unix://${second.socket}` }) });
    expect(await compute.launch(world.request(runner))).toMatchObject([{ outcome: "launched" }]);
    expect(second.state.containers.size).toBe(1);
    expect(await listed(compute)).toEqual([runner]);
  });

  it.each(["tcp://ci:s3cret@10.0.0.1:2376", "ssh://ci:s3cret@host", "nonsense"])(
    "a DOCKER_HOST of %s is refused in words that do not repeat it",
    async (host) => {
      await open();
      set({ socket: null });
      const [outcome] = await world.again({ environment: env({ DOCKER_HOST: host }) }).launch(world.request(runner));
      expect(outcome).toMatchObject({
        outcome: "misconfigured",
        detail: expect.stringContaining("DOCKER_HOST") as string,
      });
      expect(JSON.stringify([outcome, world.logged])).not.toMatch(/s3cret|10\.0\.0\.1/);
      expect(await world.again({ environment: env({ DOCKER_HOST: host }) }).list()).toEqual([]);
    },
  );

  it("the profile's own socket counts, whatever DOCKER_HOST says", async () => {
    await open();
    process.env["DOCKER_HOST"] = "tcp://127.0.0.1:1";
    try {
      expect(await world.again().launch(world.request(runner))).toMatchObject([{ outcome: "launched" }]);
    } finally {
      delete process.env["DOCKER_HOST"];
    }
  });

  it("the usual places are looked at, and rootless engines are found", async () => {
    await open();
    const runtimeDir = join(second.folder, "run");
    await mkdir(join(runtimeDir, "podman"), { recursive: true });
    const places = usualSockets(env({ XDG_RUNTIME_DIR: runtimeDir }));
    expect(places).toEqual([
      "/var/run/docker.sock",
      `${runtimeDir}/docker.sock`,
      "/nowhere/.docker/run/docker.sock",
      `${runtimeDir}/podman/podman.sock`,
      "/run/podman/podman.sock",
    ]);
    await writeFile(join(runtimeDir, "podman", "podman.sock"), "");
    expect(places).toContain(usualSocket(env({ XDG_RUNTIME_DIR: runtimeDir })));
  });

  it("an engine that DOCKER_HOST names and that is not there has no capacity, and its machines are not known", async () => {
    await open();
    set({ socket: null });
    const compute = world.again({ environment: env({ DOCKER_HOST: "unix:///nowhere/docker.sock" }) });
    await expect(compute.list()).rejects.toThrow("/nowhere/docker.sock");
    expect(await compute.launch(world.request(runner))).toMatchObject([
      { outcome: "no-capacity", detail: expect.stringContaining("/nowhere/docker.sock") as string },
    ]);
  });
});
