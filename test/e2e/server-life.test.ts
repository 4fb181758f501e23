import { existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { markedProcesses, Place, until } from "../fixtures/onejob-process";

let place: Place;
beforeEach(() => {
  place = new Place();
});
afterEach(() => place.clear());

interface Listed {
  readonly items: readonly { readonly id: string; readonly state: string; readonly profile: string | null }[];
}

const jobs = async () => (await place.json<Listed>("/api/v1/jobs?limit=500")).items;
const detach = (...command: string[]) =>
  place.run(["submit", "--detach", "--quiet", "--", ...command], { cwd: place.folder({}) });

describe("a server", () => {
  it("keeps its data folder and the files in it to itself, and says where it is only while it runs", async () => {
    const server = await place.serve();
    const mode = (name: string) => statSync(join(place.dataDir, name)).mode & 0o777;
    expect(["token", "server.json", "sock/onejob.sock"].map(mode)).toEqual([0o600, 0o600, 0o600]);
    expect([".", "sock"].map(mode)).toEqual([0o700, 0o700]);
    expect(await server.kill("SIGTERM")).toBe(0);
    expect(["server.json", "onejob.sock"].filter((name) => existsSync(join(place.dataDir, name)))).toEqual([]);
  });

  it("told to stop leaves with 0, lets the running job go on, and the next one adopts it", async () => {
    const server = await place.serve();
    const signal = place.openTo("signal");
    const id = (await detach("sh", "-c", `until [ -s ${signal} ]; do sleep 0.1; done; exit 4`)).stdout.trim();
    await until(async () => (await jobs()).some((job) => job.state === "running"));
    expect(await server.kill("SIGTERM")).toBe(0);
    expect(markedProcesses(place.dataDir).length).toBeGreaterThan(0);
    await place.serve();
    writeFileSync(signal, "go on");
    expect((await place.run(["watch", id])).code).toBe(1);
    expect(await place.json(`/api/v1/jobs/${id}`)).toMatchObject({ state: "failed", exitCode: 4, attempt: 1 });
  });

  it("takes a changed configuration on HUP, and keeps the old one when the new one is wrong", async () => {
    place.configure("profiles:\n  - { name: first, labels: [linux] }");
    const server = await place.serve();
    place.configure("profiles:\n  - { name: second, labels: [linux] }");
    server.child.kill("SIGHUP");
    const names = async () =>
      (await place.json<{ items: { name: string }[] }>("/api/v1/profiles")).items.map((profile) => profile.name);
    await until(async () => (await names()).includes("second"));
    place.configure("profiles: 7");
    server.child.kill("SIGHUP");
    await until(() => server.stderr.includes("the old one stays in force"));
    expect(await names()).toEqual(["second"]);
    expect((await detach("true")).code).toBe(0);
  });

  it("is ready only when it can take jobs, and says so without a token", async () => {
    const server = await place.serve();
    const ready = await fetch(`${server.url}/ready`);
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({ ready: true });
    expect((await fetch(`${server.url}/metrics`)).status).toBe(401);
    expect(await (await place.api("/metrics")).text()).toContain("onejob_queue_depth 0");
  });

  it("writes every log line as JSON", async () => {
    const server = await place.serve();
    await place.run(["submit", "--", "true"], { cwd: place.folder({}) });
    await server.kill("SIGTERM");
    const lines = server.stderr.trim().split("\n");
    expect(lines.length).toBeGreaterThan(5);
    for (const line of lines)
      expect(JSON.parse(line)).toMatchObject({ level: expect.any(String), message: expect.any(String) });
  });

  it("draining takes no job, and takes them again when told to resume", async () => {
    await place.serve();
    expect((await place.run(["drain", "--all"])).code).toBe(0);
    const refused = await place.run(["submit", "--", "true"], { cwd: place.folder({}) });
    expect(refused.code).toBe(125);
    expect(refused.stderr).toContain("drain");
    expect((await place.run(["drain", "--resume"])).code).toBe(0);
    expect((await place.run(["submit", "--", "true"], { cwd: place.folder({}) })).code).toBe(0);
  });
});

describe("a server that cannot start", () => {
  it("names every mistake of its configuration at once, and leaves with 78", async () => {
    place.configure('server: { maxRunners: many }\nprofiles:\n  - { name: "a b" }\n  - { labels: 5, colour: red }');
    const ran = await place.run(["serve", "--listen", "127.0.0.1:0"]);
    expect(ran.code).toBe(78);
    for (const path of ["server.maxRunners", "profiles[0].name", "profiles[1].labels", "profiles[1].colour"]) {
      expect(ran.stderr).toContain(path);
    }
    expect(existsSync(place.dataDir)).toBe(false);
  });

  it("for want of a data folder says which, and leaves with 73", async () => {
    writeFileSync(join(place.dir, "file"), "");
    const ran = await place.run(["serve", "--listen", "127.0.0.1:0", "--data-dir", join(place.dir, "file", "data")]);
    expect(ran.code).toBe(73);
    expect(ran.stderr).toContain(join("file", "data"));
  });

  it("leaves commands without a server with 69 and the way to start one", async () => {
    const ran = await place.run(["list"]);
    expect(ran.code).toBe(69);
    expect(ran.stderr).toContain("onejob serve");
  });
});
