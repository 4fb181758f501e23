/** Whole jobs through the built program, in containers of a real engine. */
import { Place, type Server, until } from "../fixtures/onejob-process";
import { importTestImage } from "./docker-world";
import { Podman, busyboxFiles, installMs } from "./podman";

interface JobJson {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly reason: string | null;
  readonly exitCode: number | null;
}

const place = new Place();
let podman: Podman;
let server: Server;
beforeAll(async () => {
  podman = await Podman.start();
  await importTestImage(podman);
  await podman.importImage("docker.io/onejob/tools", await busyboxFiles(podman), ["ENV TOOL_HOME=/opt/tool"]);
  const [app] = (await busyboxFiles(podman)).filter(({ path }) => path === "bin/busybox");
  await podman.importImage("docker.io/onejob/bare", app === undefined ? [] : [{ ...app, path: "busybox" }]);
  place.configure(configuration(podman.socket));
  server = await place.serve();
}, installMs);
afterAll(async () => {
  await server.kill("SIGTERM");
  await place.clear();
  await podman.stop();
});

function configuration(socket: string): string {
  const compute = (image: string, more = "") =>
    `{ kind: docker, image: docker.io/onejob/${image}, socket: ${socket}, pull: never, network: none${more} }`;
  return [
    "sweep: { interval: 1s }",
    "profiles:",
    "  - name: box",
    "    labels: [box]",
    `    compute: ${compute("test")}`,
    "    limits: { memoryMiB: 256, cpus: 1 }",
    "  - name: bare",
    "    labels: [bare]",
    `    compute: ${compute("bare")}`,
    "  - name: user",
    "    labels: [user]",
    `    compute: ${compute("tools", ', user: "1000:1000"')}`,
  ].join("\n");
}

const submit = (label: string, args: readonly string[], cwd = place.folder({})) =>
  place.run(["submit", "--label", label, ...args], { cwd });
const shell = (label: string, script: string) => submit(label, ["--", "sh", "-c", script]);
const named = async (name: string) =>
  (await place.json<{ items: JobJson[] }>("/api/v1/jobs?limit=100")).items.find((job) => job.name === name);
const inState = (name: string, state: string) => until(async () => (await named(name))?.state === state);

/** Containers of the server's machines, by the engine's word. */
const machines = async () => (await podman.containers()).map(({ Names }) => Names[0]);
const nothingLeft = () => until(async () => (await machines()).length === 0);

describe("a job in a container", () => {
  it("runs on the folder that was submitted, among the image's files, as the container's root", async () => {
    const cwd = place.folder({ "hello.txt": "from the folder\n" });
    const ran = await submit("box", ["--", "sh", "-c", "cat hello.txt /etc/from-image; id -u"], cwd);
    expect(ran).toMatchObject({ code: 0, stdout: "from the folder\na file of the image\n0\n" });
    await nothingLeft();
  });

  it.each([0, 7])("gives its exit code %i through", async (code) => {
    expect((await shell("box", `exit ${code}`)).code).toBe(code);
  });

  it("prints byte for byte what it prints, also when that is much", async () => {
    const ran = await shell(
      "box",
      "i=0; while [ $i -lt 20000 ]; do echo 0123456789012345678901234567890123456789; i=$((i+1)); done; echo end",
    );
    expect(ran.stdout.length).toBe(20_000 * 41 + 4);
  });

  it("of a profile with a user is that user's, and finds the image's variables", async () => {
    const ran = await shell(
      "user",
      "id -u; id -g; echo $TOOL_HOME; touch made; cat /var/onejob/boot.json; ls /run/onejob; true",
    );
    expect(ran.stdout).toContain("1000\n1000\n/opt/tool\n");
    expect(ran.stdout).toContain("No such file");
    expect(ran.stdout).toContain("Permission denied");
  });

  it("finds neither the boot token nor anything of the server in its container", async () => {
    expect((await shell("box", "ls /var/onejob /run/onejob")).stdout).toBe(
      "/run/onejob:\nonejob.sock\n\n/var/onejob:\njob\nstate\n",
    );
    const { stdout } = await shell("box", "cat /proc/1/environ /proc/1/cmdline; env; cat /proc/mounts");
    expect(stdout).toContain("ONEJOB_ROLE=agent");
    expect(stdout).not.toContain(place.dataDir);
  });

  it("runs in an image that holds one program and nothing else", async () => {
    const ran = await submit("bare", ["--", "/busybox", "echo", "alone"]);
    expect(ran).toMatchObject({ code: 0, stdout: "alone\n" });
    await nothingLeft();
  });

  it("is cancelled with its container", async () => {
    const ran = submit("box", ["--name", "to-cancel", "--", "sleep", "300"]);
    await inState("to-cancel", "running");
    expect((await place.run(["cancel", "--wait", (await named("to-cancel"))?.id ?? ""])).code).toBe(0);
    expect((await ran).code).toBe(130);
    await nothingLeft();
  });

  it("whose container somebody removed is told to be lost, and why", async () => {
    const ran = submit("box", ["--name", "to-lose", "--", "sleep", "300"]);
    await inState("to-lose", "running");
    const [container = ""] = await machines();
    await podman.ask("DELETE", `/containers${container}?force=1&v=1`);
    expect((await ran).code).not.toBe(0);
    expect(await named("to-lose")).toMatchObject({ reason: "agent-lost" });
  });

  it("outlives its server, is taken over by the next one, and loses none of its output", async () => {
    const script = "echo before; while [ ! -e /tmp/go ]; do sleep 0.1; done; echo after; exit 5";
    const cwd = place.folder({});
    const started = await place.run(
      ["submit", "--label", "box", "--detach", "--quiet", "--name", "outlives", "--", "sh", "-c", script],
      { cwd },
    );
    await inState("outlives", "running");
    const [container = ""] = await machines();
    await server.kill("SIGKILL");
    const pid = await podman.pidOf(container.slice(1));
    server = await place.serve();
    expect(await podman.pidOf(container.slice(1))).toBe(pid);
    await podman.touch(container.slice(1), "tmp/go");
    await inState("outlives", "failed");
    expect(await named("outlives")).toMatchObject({ exitCode: 5 });
    expect((await place.run(["logs", started.stdout.trim()])).stdout).toBe("before\nafter\n");
    await nothingLeft();
  });
});

it("leaves nothing on the engine but the agent's kit", async () => {
  await nothingLeft();
  const left = (await podman.volumes()).filter((name) => !name.startsWith("onejob-kit-"));
  expect(left).toEqual([]);
});
