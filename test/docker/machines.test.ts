import { readdir } from "node:fs/promises";
import { type Server, connect, createServer } from "node:net";
import { join } from "node:path";
import {
  type DockerWorld,
  type WorldOptions,
  dockerProfile,
  dockerWorld,
  importTestImage,
  until,
} from "./docker-world";
import { Podman, busyboxFiles, installMs } from "./podman";

const [runner, other] = ["r1aaaaaaaa", "r2bbbbbbbb"];
let podman: Podman;
let world: DockerWorld;
beforeAll(async () => {
  podman = await Podman.start();
  await importTestImage(podman);
}, installMs);
afterAll(() => podman.stop());
afterEach(() => world.close());

const open = async (options: WorldOptions = {}) => (world = await dockerWorld(podman, options));
const launched = async (options: WorldOptions = {}) => {
  await open(options);
  expect(await world.compute.launch(world.request(runner))).toMatchObject([{ outcome: "launched" }]);
  return world.seen(runner);
};

interface Inspected {
  readonly HostConfig: Readonly<Record<string, unknown>>;
  readonly State: { readonly Running: boolean };
}
const inspect = (name: string) => podman.json<Inspected>(`/containers/onejob-${name}/json`);

describe("a container made of an image with nothing but a shell", () => {
  it("runs the agent as its root and first process, with the image's files before it", async () => {
    const seen = await launched();
    expect(seen).toMatchObject({ pid: 1, uid: 0, fromImage: "a file of the image\n" });
  });

  it("reaches the server over its socket, which it cannot replace", async () => {
    const seen = await launched();
    expect(seen.server).toBe("from the server");
    const mount = seen.mounts.find((line) => line.includes(" /run/onejob "));
    expect(mount).toMatch(/ ro,/);
  });

  it("sees nothing of the data folder but the socket", async () => {
    const seen = await launched();
    const root = `/proc/${await podman.pidOf(`onejob-${runner}`)}/root`;
    expect(await readdir(join(root, "run/onejob"))).toEqual(["onejob.sock"]);
    const dataDir = join(world.options.stateDir, "..");
    expect(seen.mounts.filter((line) => line.includes(dataDir))).toHaveLength(0);
    await expect(readdir(join(root, dataDir))).rejects.toThrow("ENOENT");
  });

  it("has the boot token in no place that the engine shows, and no more once the agent has it", async () => {
    const seen = await launched();
    expect(seen.boot.bootToken).toBe(`boot.${runner}.s3cret`);
    expect(seen.bootFileLeft).toBe(false);
    expect(JSON.stringify([await inspect(runner), seen.env, seen.argv])).not.toContain("s3cret");
  });

  it("is asked for with the profile's limits, and without rights", async () => {
    await launched();
    expect((await inspect(runner)).HostConfig).toMatchObject({
      ...{ Memory: 268_435_456, MemorySwap: 268_435_456, NanoCpus: 1_000_000_000, PidsLimit: 4_096 },
      ...{ Privileged: false, AutoRemove: false, NetworkMode: "none", SecurityOpt: ["no-new-privileges"] },
      RestartPolicy: { Name: "no" },
    });
    expect(await world.compute.enforcement("small")).toEqual({ memory: true, cpu: true });
  });
});

describe("an image in the way of our Node", () => {
  const junk = "not a library\n";
  const folders = [
    "lib",
    "lib64",
    "usr/lib",
    "lib/x86_64-linux-gnu",
    "lib/aarch64-linux-gnu",
    "usr/lib/x86_64-linux-gnu",
  ];
  const libraries = ["libc.so.6", "libstdc++.so.6", "ld-linux-x86-64.so.2", "libm.so.6", "libevil.so"];

  it("with broken libraries, and variables that name them, still runs the agent", async () => {
    const broken = folders.flatMap((folder) => libraries.map((name) => ({ path: `${folder}/${name}`, content: junk })));
    await podman.importImage(
      "docker.io/onejob/broken",
      [...(await busyboxFiles(podman)), ...broken],
      ["LD_PRELOAD=/lib/libevil.so", "LD_LIBRARY_PATH=/lib", "NODE_OPTIONS=--no-such", "A=b"].map(
        (text) => `ENV ${text}`,
      ),
    );
    const seen = await launched({ settings: { image: "docker.io/onejob/broken" } });
    expect(seen.server).toBe("from the server");
    expect(seen.boot.environment).toMatchObject({ A: "b", LD_PRELOAD: "/lib/libevil.so", NODE_OPTIONS: "--no-such" });
  });

  it("cannot bring an agent of its own where ours will stand", async () => {
    const own = ["complete", "agent.js", "node"].map((name) => ({ path: `opt/onejob/${name}`, content: "mine\n" }));
    await podman.importImage("docker.io/onejob/hostile", [...(await busyboxFiles(podman)), ...own]);
    await open({ settings: { image: "docker.io/onejob/hostile" } });
    for (const name of await podman.volumes()) await podman.ask("DELETE", `/volumes/${name}`);
    await world.compute.launch(world.request(runner));
    expect((await world.seen(runner)).server).toBe("from the server");
  });
});

describe("a crash of the server", () => {
  /** Passes everything on to the engine, but cuts the connection when a request matches. */
  async function cutting(pattern: RegExp): Promise<Server & { readonly path: string }> {
    const path = join(podman.folder, `cut-${Date.now()}.sock`);
    const server = createServer((client) => {
      client.once("data", (head: Buffer) => {
        if (pattern.test(head.toString("latin1").split("\r\n")[0] ?? "")) return void client.destroy();
        const engine = connect(podman.socket);
        engine.on("error", () => client.destroy());
        client.on("error", () => engine.destroy());
        engine.write(head);
        client.pipe(engine).pipe(client);
      });
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    return Object.assign(server, { path });
  }

  it.each([
    ["its orders", /^PUT .*path=%2F&/],
    ["the start", /start/],
  ])("between the container and %s is made good by a replay", async (_what, pattern) => {
    const gate = await cutting(pattern);
    await open({ settings: { socket: gate.path } });
    await world.compute.launch(world.request(runner)).catch(() => undefined);
    expect(await world.compute.list()).toMatchObject([{ runner, launch: "launch-1", alive: false }]);
    gate.close();
    const profile = dockerProfile(podman);
    Object.assign(world.options, { profiles: () => [profile] });
    const next = await world.restart();
    expect(await next.launch(world.request(runner))).toMatchObject([{ outcome: "launched" }]);
    expect((await world.seen(runner)).boot.bootToken).toBe(`boot.${runner}.s3cret`);
    expect(await world.starts(runner)).toBe(1);
  });

  it("leaves running agents alone, and their ends are told to the next one", async () => {
    const exits: string[] = [];
    await launched({ onExit: (machine) => void exits.push(machine) });
    world.compute.close();
    const next = await world.restart();
    expect(await next.list()).toMatchObject([{ runner, alive: true }]);
    await world.kill(runner);
    await until(() => Promise.resolve(exits.includes(runner) || undefined));
  });
});

describe("ends", () => {
  it("of agents are told at once, with their last words", async () => {
    const exits: string[] = [];
    await launched({ onExit: (machine) => void exits.push(machine) });
    await world.kill(runner);
    await until(() => Promise.resolve(exits.length > 0 || undefined));
    const told = world.logged.find(({ sentence }) => sentence === "agent ended");
    expect(told?.fields).toMatchObject({ runner, exitCode: 137 });
  });

  it("leave no container and no volume but the kit", async () => {
    await launched();
    await world.compute.terminate([runner]);
    expect(await podman.containers()).toEqual([]);
    expect((await podman.volumes()).filter((name) => !name.startsWith("onejob-kit-"))).toEqual([]);
  });

  it("by somebody else's hand are seen", async () => {
    await launched();
    await podman.ask("DELETE", `/containers/onejob-${runner}?force=1`);
    expect(await world.compute.list()).toEqual([]);
    await world.compute.terminate([runner]);
  });
});

it("keeps two servers on one engine apart", async () => {
  await launched();
  const theirs = await dockerWorld(podman);
  await theirs.compute.launch(theirs.request(other));
  expect((await world.compute.list()).map((machine) => machine.runner)).toEqual([runner]);
  expect((await theirs.compute.list()).map((machine) => machine.runner)).toEqual([other]);
  await theirs.compute.terminate([runner]);
  expect((await inspect(runner)).State.Running).toBe(true);
  await theirs.close();
});

describe("refusals in the engine's own words", () => {
  it.each([
    ["a network it does not know", { network: "none-such" }, "misconfigured", "network"],
    ["an image it does not have, and may not pull", { image: "docker.io/none/such:1" }, "misconfigured", "docker pull"],
    [
      "a registry that does not answer",
      { image: "127.0.0.1:1/none/such:1", pull: "missing" },
      "no-capacity",
      "refused",
    ],
  ] as const)("of %s are sorted, and leave nothing", async (...[, settings, outcome, words]) => {
    await open({ settings });
    const [told] = await world.compute.launch(world.request(runner));
    expect(told).toMatchObject({ outcome, detail: expect.stringContaining(words) as string });
    expect(await podman.containers()).toEqual([]);
  });
});
