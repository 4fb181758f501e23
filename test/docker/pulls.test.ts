import { type DockerWorld, dockerWorld, until } from "./docker-world";
import { Podman, busyboxFiles, installMs } from "./podman";
import { Registry } from "./registry";

const runner = "r1aaaaaaaa";
let podman: Podman;
let registry: Registry;
let world: DockerWorld;
beforeAll(async () => {
  registry = await Registry.open();
  podman = await Podman.start({ insecureRegistry: registry.host });
  registry.offer({ name: "team/app", files: await busyboxFiles(podman), env: ["FROM=registry"] });
}, installMs);
afterAll(async () => {
  await podman.stop();
  await registry.close();
});
afterEach(() => world.close());

const login = { username: "ci", password: { env: "REGISTRY_PASSWORD" } };
const open = async (password: string, pullWaitMs = 20_000) => {
  const image = `${registry.host}/team/app:1`;
  const settings = { image, pull: "missing", registry: login } as const;
  world = await dockerWorld(podman, { settings, pullWaitMs, secret: () => Promise.resolve(password) });
};
const launch = async () => (await world.compute.launch(world.request(runner)))[0];

it("refuses an image of a private registry that does not know us, and says what to correct", async () => {
  await open("wrong");
  const refusal = await launch();
  expect(refusal).toMatchObject({
    outcome: "misconfigured",
    detail: expect.stringMatching(/image .*team\/app:1 cannot be pulled: .*compute\.registry/) as string,
  });
  expect(JSON.stringify([refusal, world.logged])).not.toContain("wrong");
});

it("pulls an image of a private registry while launches come and go, once, and runs it", async () => {
  await open(registry.password, 200);
  let send = (): void => undefined;
  registry.gate = new Promise((resolve) => (send = resolve));
  expect(await launch()).toMatchObject({
    outcome: "no-capacity",
    detail: expect.stringMatching(/^image .*team\/app:1 is being pulled/) as string,
  });
  await launch();
  send();
  await until(() => Promise.resolve(world.logged.some(({ sentence }) => sentence === "image was pulled") || undefined));
  expect(await launch()).toMatchObject({ outcome: "launched" });
  expect((await world.seen(runner)).boot.environment).toMatchObject({ FROM: "registry" });
  expect(registry.layersSent).toBe(1);
  expect(JSON.stringify(world.logged)).not.toContain(registry.password);
});
