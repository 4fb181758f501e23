import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { allEnded, isRunning, jobNamed, jobs, logOf, post, tryPost } from "../fixtures/api-jobs";
import { GithubPlace } from "../fixtures/github-place";
import { markedProcesses, Place, until, type Server } from "../fixtures/onejob-process";
import { diskKinds, smallDisk, type SmallDisk } from "../fixtures/small-disk";

jest.setTimeout(60_000);

let place: Place;
let disk: SmallDisk;

afterEach(async () => {
  disk.remove();
  await place.clear();
});

const config = "profiles:\n  - { name: small, limits: { maxRunners: 2 } }\nsweep: { interval: 1s }";

const serve = (logFile?: string): Promise<Server> =>
  place.serve(undefined, { env: disk.env, ...(logFile === undefined ? {} : { logFile }) });

interface Refusal {
  readonly error: { readonly code: string; readonly what: string; readonly fix: string };
}

/** Hands in job after job until some were refused; answers the names of those that were taken. */
async function handInUntilRefused(refusals: number): Promise<readonly string[]> {
  const taken: string[] = [];
  for (let [index, refused] = [0, 0]; refused < refusals; index += 1) {
    const name = `late-${index}`;
    const response = await tryPost(place, { name, script: "echo done" });
    if (response.status === 201) {
      taken.push(name);
      continue;
    }
    refused += 1;
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(((await response.json()) as Refusal).error).toMatchObject({ code: "not-stored", retry: true });
  }
  return taken;
}

/** More than any room that is left somewhere in a block. */
async function handInBundle(): Promise<Response> {
  const form = new FormData();
  form.append("spec", JSON.stringify({ command: ["true"], labels: [], env: {} }));
  form.append("bundle", new Blob([Buffer.alloc(1024 * 1024)]), "bundle");
  return place.api("/api/v1/jobs", { method: "POST", body: form });
}

const namesOf = async (): Promise<readonly string[]> => (await jobs(place)).map(({ name }) => name).sort();

describe.each(diskKinds)("%s under the data folder", (kind) => {
  const gated = (gate: string) => `echo before; until [ -s '${gate}' ]; do sleep 0.1; done; echo after; exit 3`;

  beforeEach(() => {
    place = new Place();
    place.configure(config);
    disk = smallDisk(kind, place.dataDir);
  });

  it("refuses with a code, says so once in its log and in /ready, and goes on by itself once there is room", async () => {
    const gate = place.openTo("gate");
    const server = await serve();
    const taken = ["running", "also running", "waiting"];
    for (const name of taken) await post(place, { name, script: gated(gate) });
    await until(async () => (await jobs(place)).filter(isRunning).length === 2);
    disk.fill();
    taken.push(...(await handInUntilRefused(10)));
    expect((await handInBundle()).status).toBe(503);
    expect(await namesOf()).toEqual([...taken].sort());
    const ready = await place.api("/ready");
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({
      checks: expect.arrayContaining([
        { name: "ledger", ok: false, fix: expect.stringContaining("disk") as string },
      ]) as unknown,
    });
    // The running ones end now; what came of them is told when it can be kept.
    writeFileSync(gate, "open");
    await until(() => markedProcesses(place.dataDir).every(({ agent }) => agent));
    disk.free();
    await until(() => allEnded(place));
    expect(await namesOf()).toEqual([...taken].sort());
    for (const name of ["running", "also running", "waiting"]) {
      const job = await jobNamed(place, name);
      expect(job).toMatchObject({ state: "failed", exitCode: 3, attempt: 1 });
      expect(await logOf(place, job?.id ?? "")).toMatch(/^before\n/);
    }
    await post(place, { name: "afterwards", script: "echo done" });
    await until(() => allEnded(place));
    expect((await place.api("/ready")).status).toBe(200);
    expect(server.stderr.match(/"ledger cannot be used"/g)).toHaveLength(1);
    expect(server.stderr.match(/"ledger can be written again"/g)).toHaveLength(1);
    expect(await server.kill("SIGTERM")).toBe(0);
  });

  it("lets a job run on, whose log then holds all of its output or says how much of it is missing", async () => {
    const [full, printed, gate] = ["full", "printed", "gate"].map((name) => place.openTo(name));
    const wait = (file = "") => `until [ -s '${file}' ]; do sleep 0.1; done`;
    const bytes = 100_000;
    const print = `head -c ${bytes} /dev/zero | tr '\\0' x; echo; echo yes > '${printed}'`;
    await serve();
    const id = await post(place, { name: "chatty", script: `echo a; ${wait(full)}; ${print}; ${wait(gate)}; echo z` });
    await until(async () => (await logOf(place, id)) === "a\n");
    disk.fill();
    writeFileSync(full ?? "", "full");
    await until(() => readFileSync(printed ?? "", "utf8") !== "");
    disk.free();
    writeFileSync(gate ?? "", "open");
    await until(() => allEnded(place));
    expect(await jobNamed(place, "chatty")).toMatchObject({ state: "completed", exitCode: 0, attempt: 1 });
    const log = await logOf(place, id);
    const [, lost = "0"] = /^\[onejob\] (\d+) bytes of output could not be kept here$/m.exec(log) ?? [];
    if (kind === "a full tmpfs") expect(Number(lost)).toBeGreaterThan(0);
    const kept = log.replace(/\n?\[onejob\].*\n/, "");
    expect(kept).toMatch(/^a\nx*\n?z\n$/);
    expect(kept.length + Number(lost)).toBeGreaterThanOrEqual("a\n".length + bytes + "\nz\n".length - 1);
  });

  it("stops a start with the folder's name and 73, and loses nothing until there is room for the next one", async () => {
    const gate = place.openTo("gate");
    const server = await serve();
    await post(place, { name: "running", script: gated(gate) });
    await until(async () => (await jobs(place)).every(isRunning));
    disk.fill();
    const taken = ["running", ...(await handInUntilRefused(1))].sort();
    await server.kill("SIGKILL");
    const refused = await place.run(["serve", "--listen", "127.0.0.1:0"], { env: disk.env });
    expect(refused.code).toBe(73);
    expect(refused.stderr).toContain(place.dataDir);
    expect(refused.stderr).toContain("free space");
    disk.free();
    writeFileSync(gate, "open");
    const second = await serve();
    await until(() => allEnded(place));
    expect(await namesOf()).toEqual(taken);
    expect(await jobNamed(place, "running")).toMatchObject({ state: "failed", exitCode: 3, attempt: 1 });
    expect(await second.kill("SIGTERM")).toBe(0);
  });

  it("that holds the server's own log takes nothing from its work, and the log goes on once there is room", async () => {
    const logFile = join(place.dataDir, "server.log");
    const server = await serve(logFile);
    disk.fill();
    await handInUntilRefused(3);
    expect((await place.api("/health")).status).toBe(200);
    disk.free();
    await post(place, { name: "afterwards", script: "true" });
    await until(() => allEnded(place));
    expect(await server.kill("SIGTERM")).toBe(0);
    const lines = readFileSync(logFile, "utf8").trim().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { message: string }).message).at(-1)).toBe("server stopped");
  });
});

describe.each(diskKinds)("%s under the data folder, when a forge sends a webhook", (kind) => {
  it("makes the server ask for it again: the job runs though its delivery was refused", async () => {
    const github = await GithubPlace.open({ auth: "app", intake: "webhook", scopes: ["acme"] });
    place = github.place;
    disk = smallDisk(kind, place.dataDir);
    try {
      await github.serve({ env: disk.env });
      disk.fill();
      // The ledger's last page may have room left.
      await handInUntilRefused(3);
      const job = github.fake.queueJob("acme/widgets", { labels: ["self-hosted", "linux"] });
      await until(() => github.fake.deliveries.some(({ statusCode }) => statusCode === 503));
      disk.free();
      await until(() => github.fake.job(job.id).status === "completed");
      expect(github.fake.job(job.id).conclusion).toBe("success");
      await github.whenEmpty();
    } finally {
      await github.fake.stop();
    }
  });
});
