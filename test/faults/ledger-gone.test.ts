import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { allEnded, isRunning, jobNamed, jobs, logOf, post, stagesOf, tryPost } from "../fixtures/api-jobs";
import { markedProcesses, Place, until, type Server } from "../fixtures/onejob-process";
import { processorShare } from "../fixtures/process-cost";

jest.setTimeout(60_000);

let place: Place;
let gate: string;
let ledger: string;
let away: string;

beforeEach(() => {
  place = new Place();
  place.configure("profiles:\n  - { name: small, limits: { maxRunners: 2 } }\nsweep: { interval: 1s }");
  gate = place.openTo("gate");
  ledger = join(place.dataDir, "ledger");
  away = join(place.dir, "away");
});
afterEach(() => place.clear());

const taken = ["one", "two", "three", "four"];

/** Two of the jobs run and wait for the gate, two wait for a machine. */
async function atWork(): Promise<Server> {
  const server = await place.serve();
  for (const name of taken)
    await post(place, { name, script: `echo before; until [ -s '${gate}' ]; do sleep 0.1; done; echo after` });
  await until(async () => (await jobs(place)).filter(isRunning).length === 2);
  return server;
}

async function isRefused(): Promise<void> {
  const response = await tryPost(place, { name: "refused", script: "true" });
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ error: { code: "not-stored", retry: true } });
  const ready = await place.api("/ready");
  expect(ready.status).toBe(503);
  expect(JSON.stringify(await ready.json())).toContain("data folder");
}

async function allRanOnce(): Promise<void> {
  await until(() => allEnded(place));
  expect((await jobs(place)).map(({ name }) => name).sort()).toEqual([...taken].sort());
  for (const name of taken) {
    const job = await jobNamed(place, name);
    expect(job).toMatchObject({ state: "completed", exitCode: 0, attempt: 1 });
    expect(await logOf(place, job?.id ?? "")).toBe("before\nafter\n");
  }
}

/** Of how many jobs processes live. */
const jobsAlive = (): number =>
  new Set(markedProcesses(place.dataDir).flatMap(({ agent, runner }) => (agent ? [] : runner))).size;

describe("a ledger that is moved away under a running server", () => {
  it("makes it refuse clearly, wait quietly and make no new one, and all goes on once it is back", async () => {
    const server = await atWork();
    renameSync(ledger, away);
    await isRefused();
    expect((await jobs(place)).map(({ name }) => name).sort()).toEqual([...taken].sort());
    // What the running jobs come to is told again and again until it can be kept.
    writeFileSync(gate, "open");
    await until(() => jobsAlive() === 0);
    expect(await processorShare(server.child.pid ?? 0)).toBeLessThan(0.6);
    await isRefused();
    expect(existsSync(ledger)).toBe(false);
    expect((await jobs(place)).filter(isRunning)).toHaveLength(2);
    expect(server.stderr.match(/"ledger cannot be used"/g)).toHaveLength(1);
    expect(server.stderr).toContain(`${ledger} was deleted or moved away`);
    renameSync(away, ledger);
    await allRanOnce();
    expect(server.stderr.match(/"ledger can be written again"/g)).toHaveLength(1);
    expect(await server.kill("SIGTERM")).toBe(0);
  });
});

describe("a ledger that is deleted under a running server", () => {
  it("is not replaced by an empty one: neither this server nor the next ends the jobs that run", async () => {
    const server = await atWork();
    const running = jobsAlive();
    rmSync(ledger, { recursive: true });
    await isRefused();
    expect(await server.kill("SIGTERM")).toBe(0);
    const next = await place.run(["serve", "--listen", "127.0.0.1:0"]);
    expect(next.code).toBe(73);
    expect(next.stderr).toContain(`${ledger} is gone`);
    expect(next.stderr).toContain(join(place.dataDir, "runners"));
    expect([existsSync(ledger), jobsAlive()]).toEqual([false, running]);
    // As the message says.
    for (const { pid } of markedProcesses(place.dataDir)) process.kill(pid, "SIGKILL");
    rmSync(join(place.dataDir, "runners"), { recursive: true });
    const anew = await place.serve();
    expect(await jobs(place)).toEqual([]);
    writeFileSync(gate, "open");
    await post(place, { name: "afterwards", script: "true" });
    await until(() => allEnded(place));
    expect(await anew.kill("SIGTERM")).toBe(0);
  });
});

describe("a ledger that cannot be read when a server starts", () => {
  it.each([
    { how: "is a file", spoil: () => writeFileSync(ledger, "") },
    { how: "is a link that leads round in a circle", spoil: () => symlinkSync(ledger, ledger) },
    { how: "is an empty folder", spoil: () => mkdirSync(ledger) },
    { how: "is damaged", spoil: () => damage() },
  ])("because it $how stops it with 73 and its name, and the jobs that run are adopted later", async ({ spoil }) => {
    const server = await atWork();
    const running = jobsAlive();
    await server.kill("SIGKILL");
    renameSync(ledger, away);
    spoil();
    const refused = await place.run(["serve", "--listen", "127.0.0.1:0"]);
    expect(refused.code).toBe(73);
    expect(refused.stderr).toContain(ledger);
    expect(jobsAlive()).toBe(running);
    rmSync(ledger, { recursive: true, force: true });
    renameSync(away, ledger);
    const second = await place.serve();
    const adopted = (await jobs(place)).find(isRunning);
    expect(await stagesOf(place, adopted?.id ?? "")).toContain("adopted");
    writeFileSync(gate, "open");
    await allRanOnce();
    expect(await second.kill("SIGTERM")).toBe(0);
  });
});

/** A copy in which the list of its files is nonsense. */
function damage(): void {
  cpSync(away, ledger, { recursive: true });
  for (const name of readdirSync(ledger))
    if (name.startsWith("MANIFEST")) writeFileSync(join(ledger, name), "nonsense");
}
