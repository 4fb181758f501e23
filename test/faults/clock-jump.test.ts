import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { allEnded, isRunning, jobNamed, jobs, logOf, post } from "../fixtures/api-jobs";
import { markedProcesses, Place, until, type Server } from "../fixtures/onejob-process";

jest.setTimeout(45_000);

const hour = 3_600_000;
const jumps = [
  ["forward", hour],
  ["back", -hour],
] as const;

let place: Place;
let clock: string;

beforeEach(() => {
  place = new Place();
  clock = join(place.dir, "clock");
  writeFileSync(clock, "0");
});
afterEach(() => place.clear());

/** The real program, agents included, with a clock that can be set. */
function serve(): Promise<Server> {
  const preload = join(__dirname, "../fixtures/shift-clock.cjs");
  return place.serve(undefined, { env: { NODE_OPTIONS: `--require=${preload}`, ONEJOB_TEST_CLOCK: clock } });
}

const setClock = (ms: number): void => writeFileSync(clock, String(ms));

/** One line for each run: the only witness of a second one. */
function gated(name: string): { readonly name: string; readonly script: string } {
  const [witness, gate] = [join(place.dir, "witness"), join(place.dir, "gate")];
  const script = `echo ${name} >> '${witness}'; until [ -s '${gate}' ]; do sleep 0.1; done; echo done ${name}`;
  return { name, script };
}

const config = [
  "profiles:",
  "  - { name: small, labels: [small], limits: { maxRunners: 2 }, timeouts: { boot: 30s, idle: 30s } }",
  "  - { name: hasty, labels: [hasty], limits: { maxRunners: 1 }, timeouts: { queued: 30m } }",
  "defaultProfile: small",
  "lease: { duration: 2s }",
  "sweep: { interval: 1s }",
].join("\n");

/** Several sweeps have looked at everything since: each of these jobs needs the work of one server. */
async function goesOn(name: string): Promise<void> {
  await post(place, { name, script: "true", profile: "hasty" });
  await until(async () => (await jobNamed(place, name))?.state === "completed");
}

async function runsOnce(names: readonly string[]): Promise<void> {
  writeFileSync(join(place.dir, "gate"), "open");
  await until(() => allEnded(place));
  for (const name of names) {
    const job = await jobNamed(place, name);
    expect(job).toMatchObject({ state: "completed", exitCode: 0, attempt: 1 });
    expect(await logOf(place, job?.id ?? "")).toBe(`done ${name}\n`);
  }
  const runs = readFileSync(join(place.dir, "witness"), "utf8").trim().split("\n");
  expect(runs.sort()).toEqual([...names].sort());
  await until(() => markedProcesses(place.dataDir).length === 0 && place.leftRunners().length === 0);
}

describe.each(jumps)("a clock that is set an hour %s", (_, jump) => {
  it("ends no running job, loses no waiting one, and runs none twice", async () => {
    place.configure(config);
    place.openTo("witness");
    place.openTo("gate");
    const server = await serve();
    const names = ["one", "two", "three", "four"];
    // Their agents measure their time, and have not seen much of it.
    for (const name of names) await post(place, { ...gated(name), timeout: "10m" });
    await until(async () => (await jobs(place)).filter(isRunning).length === 2);
    setClock(jump);
    await goesOn("after the jump");
    setClock(0);
    await goesOn("after the jump back");
    setClock(jump);
    await runsOnce(names);
    expect(await server.kill("SIGTERM")).toBe(0);
  });

  it("while no server runs, makes no difference to the next one", async () => {
    place.configure(config);
    place.openTo("witness");
    place.openTo("gate");
    const server = await serve();
    const names = ["one", "two", "three"];
    for (const name of names) await post(place, gated(name));
    await until(async () => (await jobs(place)).filter(isRunning).length === 2);
    await server.kill("SIGKILL");
    setClock(jump);
    const second = await serve();
    await goesOn("after the jump");
    await runsOnce(names);
    expect(await second.kill("SIGTERM")).toBe(0);
  });
});

interface RunnerJson {
  readonly id: string;
  readonly state: string;
  readonly deadlineAt: string;
}

describe("a clock that is set an hour forward while machines boot", () => {
  it("counts none of them as failed to boot, and their jobs run as soon as they report in", async () => {
    place.configure(config.replace("maxRunners: 2", "maxRunners: 4"));
    place.openTo("witness");
    place.openTo("gate");
    await serve();
    const socket = join(place.dataDir, "sock", "onejob.sock");
    renameSync(socket, `${socket}.away`);
    const names = ["one", "two", "three", "four"];
    for (const name of names) await post(place, gated(name));
    const runners = async () => (await place.json<{ items: RunnerJson[] }>("/api/v1/runners")).items;
    await until(async () => (await runners()).filter(({ state }) => state === "booting").length === names.length);
    const launched = (await runners()).map(({ id }) => id);
    setClock(hour);
    // A sweep has seen that they are late.
    const later = Date.now() + hour;
    await until(async () => (await runners()).every(({ deadlineAt }) => Date.parse(deadlineAt) > later));
    renameSync(`${socket}.away`, socket);
    await until(async () => (await jobs(place)).filter(isRunning).length === names.length);
    expect((await runners()).map(({ id }) => id).sort()).toEqual(launched.sort());
    await runsOnce(names);
  });
});
