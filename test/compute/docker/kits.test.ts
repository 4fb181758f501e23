import { rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { list } from "tar";
import { archiveBytes, folderEntry, textEntry } from "../../../runtime/compute/docker/archive";
import { describeKit, librariesOf } from "../../../runtime/compute/docker/kit";
import type { Files } from "./fake-engine-state";
import { type FakeWorld, type WorldOptions, fakeWorld, image, until } from "./fake-world";

const runner = "r1aaaaaaaa";
let world: FakeWorld;
const open = async (options: WorldOptions = {}) => (world = await fakeWorld(options));

const launch = (...runners: readonly string[]) =>
  world.compute.launch(world.request(...(runners.length === 0 ? [runner] : runners)));
const outcomes = async (...runners: readonly string[]) => (await launch(...runners)).map(({ outcome }) => outcome);
const kitVolumes = () => [...world.engine.state.volumes.keys()].filter((name) => name.startsWith("onejob-kit-"));
const kitFiles = (): Files => world.engine.state.volumes.get(kitVolumes()[0] ?? "") ?? new Map();
const fills = () => world.engine.called(/^PUT .*archive$/).filter(({ query }) => query.get("path") === "/opt/onejob");
const fillers = () => [...world.engine.state.containers.values()].filter(({ name }) => name.startsWith("onejob-kit-"));

describe("the kit on an engine", () => {
  afterEach(() => world.close());

  it("is brought once, however many machines of however many servers want it at once", async () => {
    await open();
    const other = world.again({ home: "home-2", stateDir: `${world.options.stateDir}-2` });
    const request = { ...world.request("s1", "s2"), launch: "launch-2" };
    const [ours, theirs] = await Promise.all([outcomes(runner, "r2", "r3"), other.launch(request)]);
    expect([...ours, ...theirs.map(({ outcome }) => outcome)]).toEqual(Array(5).fill("launched"));
    // The files, and the mark that they are all there.
    expect(fills()).toHaveLength(2);
    expect(kitVolumes()).toHaveLength(1);
    expect(fillers()).toEqual([]);
  });

  it("holds our Node with its libraries and their loader, and they are what starts the agent", async () => {
    await open({ native: true });
    expect(await outcomes()).toEqual(["launched"]);
    const [loader = "", ...rest] = world.container(runner).body.Entrypoint;
    expect(loader).toMatch(/^\/opt\/onejob\/lib\/ld-/);
    expect(rest).toEqual([
      ...["--library-path", "/opt/onejob/lib", "/opt/onejob/node", "/opt/onejob/agent.js"],
      ...["--boot-file", "/var/onejob/boot.json"],
    ]);
    const files = kitFiles();
    expect([...files.keys()]).toEqual(expect.arrayContaining(["/node", "/agent.js", "/lib/libc.so.6", "/complete"]));
    expect(files.get("/node")).toMatchObject({ mode: 0o755, content: expect.stringContaining("ELF") as string });
    expect(files.get("/agent.js")?.content).toBe("// the agent\n");
  });

  it("is the agent alone where our Node cannot run: then the image has to have one", async () => {
    await open();
    await launch();
    expect([...kitFiles().keys()]).toEqual(["/agent.js", "/complete"]);
    expect(world.container(runner).body.Entrypoint[0]).toBe("node");
  });

  it("is ours, also when the image has one of its own in that place", async () => {
    await open();
    const files = { "/opt/onejob/agent.js": "// theirs\n", "/opt/onejob/complete": "" };
    world.engine.state.images.set(image, { files });
    await launch();
    expect(kitFiles().get("/agent.js")?.content).toBe("// the agent\n");
  });

  it("that was left half made is made whole by the next server", async () => {
    await open();
    world.engine.troubles.push({ at: /^PUT /, cut: true, afterwards: true });
    await expect(launch()).rejects.toThrow("gave no answer");
    expect([...kitFiles().keys()]).toEqual(["/agent.js"]);
    expect(await world.again().launch(world.request(runner))).toMatchObject([{ outcome: "launched" }]);
    expect(kitFiles().has("/complete")).toBe(true);
    expect(fillers()).toEqual([]);
  });

  it.each([
    ["this server, before it was killed", "home-1", 0],
    ["another server, long ago", "home-2", 6 * 60_000],
  ])("is brought although a container of %s stands in the way", async (_whose, home, ageMs) => {
    await open();
    await launch();
    const [volume = ""] = kitVolumes();
    await world.compute.terminate([runner]);
    world.engine.state.volumes.clear();
    const Labels = { "dev.onejob.kit": volume.slice("onejob-kit-".length), "dev.onejob.home": home };
    const left = world.engine.state.makeContainer(volume, {
      Image: image,
      Labels,
      Entrypoint: [],
      Cmd: [],
      HostConfig: {},
    });
    left.created = new Date(world.clock.nowMs - ageMs).toISOString();
    expect(await world.again().launch(world.request("r2"))).toMatchObject([{ outcome: "launched" }]);
    expect(fillers()).toEqual([]);
  });

  it("that another server is bringing is waited for", async () => {
    await open();
    await launch();
    const [volume = ""] = kitVolumes();
    const Labels = { "dev.onejob.kit": volume.slice("onejob-kit-".length), "dev.onejob.home": "home-2" };
    const body = { Image: image, Labels, Entrypoint: [], Cmd: [], HostConfig: {} };
    const theirs = world.engine.state.makeContainer(volume, body);
    const [refused] = await world.again({ kitWaitMs: 0 }).launch(world.request("r2"));
    expect(refused).toMatchObject({
      outcome: "no-capacity",
      detail: expect.stringContaining("another server") as string,
    });
    const launched = world.again().launch(world.request("r2"));
    await until(() => (world.engine.called(/create$/).length > 4 ? true : undefined));
    world.engine.state.remove(theirs);
    expect(await launched).toMatchObject([{ outcome: "launched" }]);
  });

  it("that somebody removed is brought again before a machine starts without it", async () => {
    await open({ native: true });
    await launch();
    await world.compute.terminate([runner]);
    world.engine.state.volumes.clear();
    expect(await outcomes("r2")).toEqual(["launched"]);
    expect(kitFiles().has("/complete")).toBe(true);
    expect(world.container("r2").starts).toBe(1);
  });

  it("that was removed while a container waited for its start is brought again, and so is the container", async () => {
    await open();
    await world.compute.launch(world.request("r0warm"));
    world.engine.troubles.push({ at: /start$/, cut: true });
    await expect(launch()).rejects.toThrow("gave no answer");
    const { id } = world.container(runner);
    world.engine.state.volumes.clear();
    expect(await world.again().launch(world.request(runner))).toMatchObject([{ outcome: "launched" }]);
    expect(world.container(runner).id).not.toBe(id);
    expect(kitFiles().has("/complete")).toBe(true);
  });

  it("that is removed again and again is given up for now, and leaves no container", async () => {
    await open();
    await launch();
    await world.compute.terminate([runner]);
    const { makeContainer } = world.engine.state;
    world.engine.state.makeContainer = (name, body) => {
      if (!name.startsWith("onejob-kit-")) world.engine.state.volumes.clear();
      return makeContainer.call(world.engine.state, name, body);
    };
    expect(await outcomes("r2")).toEqual(["no-capacity"]);
    expect(await world.compute.list()).toEqual([]);
  });

  it("of another version goes once no machine uses it", async () => {
    await open();
    await launch();
    const [old = ""] = kitVolumes();
    await writeFile(world.options.agentFile, "// another agent\n");
    world.engine.state.makeVolume("onejob-kit-0123456789abcdef");
    world.engine.state.makeVolume("my-onejob-kit-of-something");
    await world.again().launch(world.request("r2"));
    expect(kitVolumes()).toHaveLength(2);
    expect(kitVolumes()).toContain(old);
    await world.compute.terminate([runner]);
    await world.again().launch(world.request("r3"));
    expect(kitVolumes()).toHaveLength(1);
    expect(kitVolumes()).not.toContain(old);
    expect(world.engine.state.volumes.has("my-onejob-kit-of-something")).toBe(true);
  });

  it("is not waited for by a machine when old ones cannot be removed", async () => {
    await open();
    world.engine.troubles.push({ at: /^GET \/volumes/, answer: { status: 500, message: "busy" } });
    expect(await outcomes()).toEqual(["launched"]);
  });

  it("cannot be brought without the agent's file, and the refusal says what to do", async () => {
    await open();
    await rm(world.options.agentFile);
    const [outcome] = await launch();
    expect(outcome).toMatchObject({
      outcome: "misconfigured",
      detail: expect.stringContaining("build Onejob") as string,
    });
    await writeFile(world.options.agentFile, "// back\n");
    expect(await outcomes()).toEqual(["launched"]);
  });

  it("that does not fit on the engine's disk is a matter of its quota", async () => {
    await open();
    const answer = { status: 500, message: "write /opt/onejob/node: no space left on device" };
    world.engine.troubles.push({ at: /^PUT /, answer });
    expect(await outcomes()).toEqual(["quota"]);
    expect(fillers()).toEqual([]);
  });
});

describe("what is in a kit", () => {
  it("are shared objects by their file's name, with those that are loaded late", () => {
    const libc = ["/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/lib64", "/usr/lib"]
      .map((folder) => `${folder}/libc.so.6`)
      .find((path) => existsSync(path));
    const addons = ["/app/node_modules/classic-level/prebuilds/classic-level.node", "linux-vdso.so.1", "/usr/bin/node"];
    const found = librariesOf([...addons, "/lib64/ld-linux-x86-64.so.2", "/usr/lib/libstdc++.so.6", libc ?? ""]);
    expect(found).toEqual(expect.arrayContaining(["/lib64/ld-linux-x86-64.so.2", "/usr/lib/libstdc++.so.6"]));
    expect(found.filter((path) => addons.includes(path))).toEqual([]);
    if (libc !== undefined) expect(found.join(" ")).toContain("libresolv.so.2");
  });

  it("changes its name with its content, and with nothing else", async () => {
    const { agentFile } = (await open()).options;
    const [one, again] = [
      await describeKit({ agentFile, withNode: true }),
      await describeKit({ agentFile, withNode: true }),
    ];
    const bare = await describeKit({ agentFile, withNode: false });
    await writeFile(agentFile, "// another agent\n");
    const other = await describeKit({ agentFile, withNode: true });
    expect(again.volume).toBe(one.volume);
    expect(new Set([one.volume, bare.volume, other.volume]).size).toBe(3);
    await world.close();
  });
});

describe("an archive", () => {
  it("is one that tar reads, with the modes asked for and of root", async () => {
    const bytes = await archiveBytes([
      folderEntry("var/onejob", 0o711),
      textEntry("var/onejob/boot.json", "héllo", 0o600),
    ]);
    const found: unknown[] = [];
    await new Promise<void>((resolve, reject) => {
      const reader = list({
        onReadEntry: ({ path, type, mode, uid, size }) => void found.push({ path, type, mode, uid, size }),
      });
      reader.on("end", resolve).on("error", reject).end(bytes);
    });
    expect(found).toEqual([
      { path: "var/onejob/", type: "Directory", mode: 0o711, uid: 0, size: 0 },
      { path: "var/onejob/boot.json", type: "File", mode: 0o600, uid: 0, size: 6 },
    ]);
  });

  it.each([1, 3])("is broken off when a file of 2 bytes turns out to have %i", async (length) => {
    async function* content(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(length);
    }
    await expect(archiveBytes([{ path: "node", mode: 0o755, size: 2, content }])).rejects.toThrow("node changed");
  });
});
