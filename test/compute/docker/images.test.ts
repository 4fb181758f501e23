import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DockerComputeSettings } from "../../../runtime/core/settings";
import { type FakeWorld, type WorldOptions, fakeWorld, image, until } from "./fake-world";

const runner = "r1aaaaaaaa";
let world: FakeWorld;
/** An engine without the image. */
const open = async (options: WorldOptions = {}) => {
  world = await fakeWorld(options);
  world.engine.state.images.clear();
};
afterEach(() => world.close());

const pulls = () => world.engine.called(/^POST \/images\/create/);
const launch = (...runners: readonly string[]) =>
  world.compute.launch(world.request(...(runners.length === 0 ? [runner] : runners)));

function gate(): { readonly passed: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open };
}

describe("an image", () => {
  it("that is missing is pulled once for all machines that need it", async () => {
    await open();
    world.engine.registry.set(image, {});
    expect((await launch(runner, "r2", "r3")).map(({ outcome }) => outcome)).toEqual([
      "launched",
      "launched",
      "launched",
    ]);
    expect(pulls().map(({ query }) => query.get("fromImage"))).toEqual(["debian:12"]);
    await launch("r4");
    expect(pulls()).toHaveLength(1);
  });

  it("that takes longer than a launch waits is pulled on, and the launch says how far it is", async () => {
    await open({ pullWaitMs: 30 });
    const { passed, open: finish } = gate();
    world.engine.registry.set(image, {});
    world.engine.pullGate = passed;
    await launch();
    const [outcome] = await launch();
    expect(outcome).toEqual({ runner, outcome: "no-capacity", detail: "image debian:12 is being pulled (45 %)" });
    finish();
    await until(() => (world.logged.some(({ sentence }) => sentence === "image was pulled") ? true : undefined));
    expect(await launch()).toMatchObject([{ outcome: "launched" }]);
    expect(pulls()).toHaveLength(1);
  });

  it("that could not be pulled while nobody waited is told to the next launch, and then tried anew", async () => {
    await open({ pullWaitMs: 1 });
    await launch();
    await until(() =>
      world.logged.some(({ sentence }) => sentence.includes("could not be pulled")) ? true : undefined,
    );
    expect(await launch()).toMatchObject([{ outcome: "misconfigured" }]);
    const before = pulls().length;
    expect(await launch()).toMatchObject([{ outcome: "no-capacity" }]);
    await until(() => (pulls().length > before ? true : undefined));
  });

  it("that failed long ago is tried anew at once", async () => {
    await open({ pullWaitMs: 1 });
    await launch();
    await until(() =>
      world.logged.some(({ sentence }) => sentence.includes("could not be pulled")) ? true : undefined,
    );
    world.clock.nowMs += 11 * 60_000;
    const [outcome] = await launch();
    expect(outcome).toMatchObject({ outcome: "no-capacity", detail: "image debian:12 is being pulled" });
  });

  it("is never pulled where the profile says so, and the refusal says what to do", async () => {
    await open({ settings: { pull: "never" } });
    world.engine.registry.set(image, {});
    const [outcome] = await launch();
    expect(outcome).toMatchObject({ outcome: "misconfigured" });
    expect(outcome).toMatchObject({ detail: expect.stringContaining("docker pull debian:12") as string });
    expect(pulls()).toEqual([]);
  });

  it("is asked for anew by each launch where the profile says always, but once a minute at most", async () => {
    await open({ settings: { pull: "always" } });
    world.engine.registry.set(image, { Env: ["V=1"] });
    await launch();
    await launch("r2");
    expect(pulls()).toHaveLength(1);
    world.engine.registry.set(image, { Env: ["V=2"] });
    world.clock.nowMs += 60_001;
    await launch("r3");
    expect(pulls()).toHaveLength(2);
    expect(world.container("r3").orders[0]).toContain('"V":"2"');
  });

  it("without a registry in its name is looked for at Docker Hub when the engine does not know it so", async () => {
    await open();
    world.engine.registry.set("docker.io/library/debian:12", {});
    expect(await launch()).toMatchObject([{ outcome: "launched" }]);
    expect(pulls().map(({ query }) => query.get("fromImage"))).toEqual(["debian:12", "docker.io/library/debian:12"]);
    expect(world.container(runner).body.Image).toBe("docker.io/library/debian:12");
  });

  it("is told of in the log while it comes, every few seconds and not for each line", async () => {
    let ms = 0;
    await open({ clock: { now: () => (ms += 1_000) } });
    const line = (done: number) =>
      `{"status":"Downloading","id":"a","progressDetail":{"current":${done},"total":20}}\n`;
    world.engine.registry.set(
      image,
      Array.from({ length: 20 }, (_, index) => line(index + 1)),
    );
    await launch();
    const told = world.logged.filter(({ sentence }) => sentence === "image is being pulled");
    expect(told.length).toBeGreaterThan(1);
    expect(told.length).toBeLessThan(6);
    expect(told[0]?.fields).toEqual({ image, percent: expect.any(Number) as number });
  });
});

describe("a pull that fails", () => {
  const line = (error: string) => [`${JSON.stringify({ errorDetail: { message: error }, error })}\n`];

  it.each([
    ["manifest for debian:12 not found: manifest unknown: manifest unknown", "misconfigured"],
    ["pull access denied for debian, repository does not exist or may require 'docker login'", "misconfigured"],
    [
      "initializing source docker://debian:12: reading manifest: requested access to the resource is denied",
      "misconfigured",
    ],
    ["unauthorized: incorrect username or password", "misconfigured"],
    ["no matching manifest for linux/arm64/v8 in the manifest list entries", "misconfigured"],
    ["tls: failed to verify certificate: x509: certificate signed by unknown authority", "misconfigured"],
    ["toomanyrequests: You have reached your pull rate limit", "throttled"],
    ["write /var/lib/docker/tmp/GetImageBlob: no space left on device", "quota"],
    ['Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host', "no-capacity"],
    ['Get "https://registry.example/v2/": dial tcp 10.0.0.1:443: i/o timeout', "no-capacity"],
    ["unexpected EOF", "no-capacity"],
    ["something nobody foresaw", "no-capacity"],
  ])("with %j is %s", async (said, outcome) => {
    await open();
    for (const name of [image, `docker.io/library/${image}`]) world.engine.registry.set(name, line(said));
    const [told] = await launch();
    expect(told).toMatchObject({ runner, outcome });
    expect(told).toMatchObject({
      detail: expect.stringContaining(`image debian:12 cannot be pulled: ${said}`) as string,
    });
    expect(told).toMatchObject({
      detail: (outcome === "misconfigured"
        ? expect.stringContaining("compute.registry")
        : expect.not.stringContaining("compute.registry")) as string,
    });
  });

  it("before its first line, with a status, is told in the engine's words", async () => {
    await open({ settings: { image: "registry.example/a:1" } });
    const answer = { status: 404, message: "pull access denied for registry.example/a" };
    world.engine.troubles.push({ at: /images\/create/, answer });
    expect(await launch()).toMatchObject([{ outcome: "misconfigured" }]);
  });

  it("because the engine went away in its midst is tried again", async () => {
    await open();
    world.engine.registry.set(image, {});
    world.engine.troubles.push({ at: /images\/create/, cut: true });
    expect(await launch()).toMatchObject([{ outcome: "no-capacity" }]);
    expect(await launch()).toMatchObject([{ outcome: "launched" }]);
  });

  it("although it said it went well is not taken for an image", async () => {
    await open();
    world.engine.registry.set(image, ['{"status":"Pull complete","id":"a"}\n']);
    expect(await launch()).toMatchObject([{ outcome: "no-capacity" }]);
  });
});

describe("a private registry", () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "onejob-home-"));
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  const sentAuth = (): unknown => {
    const header = pulls()[0]?.headers["x-registry-auth"];
    return header === undefined ? undefined : JSON.parse(Buffer.from(String(header), "base64url").toString());
  };
  const pullOf = async (settings: Partial<DockerComputeSettings>, options: WorldOptions = {}) => {
    await open({ settings, environment: { HOME: home }, ...options });
    await launch();
    return sentAuth();
  };
  const login = (text: string) => Buffer.from(text).toString("base64");

  it("is told who we are as the profile says, by a secret read for each pull and written nowhere", async () => {
    const registry = { username: "ci", password: { env: "REGISTRY_PASSWORD" } };
    expect(await pullOf({ image: "registry.example:5000/team/app:1", registry })).toEqual({
      username: "ci",
      password: "pa55word",
      serveraddress: "registry.example:5000",
    });
    expect(JSON.stringify(world.logged)).not.toContain("pa55word");
  });

  it("whose password cannot be read stops the launch, and names the place only", async () => {
    const registry = { username: "ci", password: { file: "/run/pw" } };
    await open({
      settings: { registry },
      secret: () => Promise.reject(new Error("unexpected pa55word in JSON")),
    });
    const [outcome] = await launch();
    expect(outcome).toMatchObject({ outcome: "misconfigured", detail: "the registry's password cannot be read" });
    expect(pulls()).toEqual([]);
  });

  it.each([
    ["registry.example/app:1", "registry.example", "registry.example"],
    ["registry.example/app:1", "https://registry.example/v2/", "registry.example"],
    ["registry.example/team/app@sha256:0", "registry.example/team", "registry.example"],
    ["debian:12", "https://index.docker.io/v1/", "https://index.docker.io/v1/"],
    ["team/app", "docker.io", "https://index.docker.io/v1/"],
  ])("for %s is told the login kept under %s", async (name, key, serveraddress) => {
    const auths = { "other.example": { auth: login("x:y") }, [key]: { auth: login("ann:pa55:word") } };
    const file = join(home, "config.json");
    await writeFile(file, JSON.stringify({ auths }));
    const environment = { DOCKER_CONFIG: home };
    expect(await pullOf({ image: name }, { environment })).toEqual({
      username: "ann",
      password: "pa55:word",
      serveraddress,
    });
  });

  it("is told a token where a login left one, and Podman's logins when Docker has none", async () => {
    const file = join(home, "auth.json");
    await writeFile(file, JSON.stringify({ auths: { "quay.io": { identitytoken: "tok" } } }));
    const environment = { HOME: home, REGISTRY_AUTH_FILE: file };
    expect(await pullOf({ image: "quay.io/a/b:1" }, { environment })).toEqual({
      identitytoken: "tok",
      serveraddress: "quay.io",
    });
  });

  it.each([
    ["no file", undefined],
    ["a broken file", '{"auths": {"debian": "s3cret'],
    ["a file for others", '{"auths":{"other.example":{"auth":"eDp5"}}}'],
    ["an entry that says nothing", '{"auths":{"docker.io":{}}}'],
    ["an entry that is no login", '{"auths":{"docker.io":{"auth":"!!!"}}}'],
  ])("is told nothing where there is %s", async (_what, text) => {
    if (text !== undefined) await writeFile(join(home, "config.json"), text);
    expect(await pullOf({}, { environment: { DOCKER_CONFIG: home } })).toBeUndefined();
    expect(JSON.stringify(world.logged)).not.toContain("s3cret");
  });
});
