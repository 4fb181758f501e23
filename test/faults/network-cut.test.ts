import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Cable, type CableState } from "../fixtures/cable";
import { allEnded, isRunning, jobNamed, jobs, logOf, post } from "../fixtures/api-jobs";
import { GithubPlace } from "../fixtures/github-place";
import { markedProcesses, Place, until, type Server } from "../fixtures/onejob-process";
import { seededRandom } from "../fixtures/seeded-random";

jest.setTimeout(90_000);

let place: Place;
let cable: Cable | undefined;

beforeEach(() => {
  place = new Place();
});
afterEach(async () => {
  await cable?.remove();
  cable = undefined;
  await place.clear();
});

// Silence much shorter than a cut is long.
const config =
  "profiles:\n  - { name: small, limits: { maxRunners: 3 } }\nlease: { duration: 1s }\nsweep: { interval: 1s }";

function serve(): Promise<Server> {
  place.configure(config);
  return place.serve();
}

const lines = (count: number): string => Array.from({ length: count }, (_, index) => `line ${index + 1}\n`).join("");

/** Prints numbered lines with a pause after every so many. */
function counting(count: number, { every, pause }: { readonly every: number; readonly pause: string }): string {
  const step = `echo "line $i"; [ $((i % ${every})) -ne 0 ] || sleep ${pause}; i=$((i+1))`;
  return `i=1; while [ $i -le ${count} ]; do ${step}; done`;
}

async function endedWell(name: string, log: string): Promise<void> {
  await until(() => allEnded(place));
  const job = await jobNamed(place, name);
  expect(job).toMatchObject({ state: "completed", exitCode: 0, attempt: 1 });
  const found = await logOf(place, job?.id ?? "");
  expect([found.length, found === log]).toEqual([log.length, true]);
}

async function nothingLeft(): Promise<void> {
  await until(() => markedProcesses(place.dataDir).length === 0 && place.leftRunners().length === 0);
}

describe("a server that stands still for longer than it trusts a silent agent", () => {
  it("misses no line and no end, and ends no job for its silence", async () => {
    const server = await serve();
    const gate = place.openTo("gate");
    await post(place, { name: "prints on", script: counting(1_000, { every: 50, pause: "0.4" }) });
    await post(place, { name: "ends", script: `until [ -s '${gate}' ]; do sleep 0.05; done; echo line 1` });
    const submitted = place.run(["submit", "--", "sh", "-c", counting(400, { every: 20, pause: "0.4" })], {
      cwd: place.folder({}),
    });
    await until(async () => (await jobs(place)).filter(isRunning).length === 3);
    server.child.kill("SIGSTOP");
    try {
      writeFileSync(gate, "open");
      await sleep(5_000);
    } finally {
      server.child.kill("SIGCONT");
    }
    await endedWell("ends", lines(1));
    await endedWell("prints on", lines(1_000));
    expect(await submitted).toMatchObject({ code: 0, stdout: lines(400) });
    await nothingLeft();
  });
});

describe("connections between agents and server", () => {
  it("that break all the time, also before an answer, leave no gap in a log and nothing twice", async () => {
    await serve();
    cable = await Cable.lay(place.dataDir);
    const random = seededRandom(4);
    for (const name of ["one", "two"])
      await post(place, { name, script: counting(4_000, { every: 40, pause: "0.05" }) });
    await until(async () => (await jobs(place)).filter(isRunning).length === 2);
    const states: readonly CableState[] = ["cut", "answerless", "deaf", "answerless"];
    for (let round = 0; round < 24; round += 1) {
      cable.set(states[round % states.length] ?? "cut");
      await sleep(20 + random() * 200);
      cable.breakAll();
      cable.set("whole");
      await sleep(random() * 200);
    }
    expect(cable.calls).toBeGreaterThan(24);
    await endedWell("one", lines(4_000));
    await endedWell("two", lines(4_000));
    await nothingLeft();
  });

  it("that stay open and carry nothing are given up in time: the end of a job is told on the next one", async () => {
    await serve();
    cable = await Cable.lay(place.dataDir);
    const gate = place.openTo("gate");
    await post(place, { name: "ends", script: `until [ -s '${gate}' ]; do sleep 0.05; done; echo line 1` });
    await until(async () => (await jobs(place)).some(isRunning));
    expect(cable.calls).toBeGreaterThan(0);
    cable.set("deaf");
    writeFileSync(gate, "open");
    await until(() => markedProcesses(place.dataDir).every(({ agent }) => agent));
    await sleep(1_000);
    cable.set("whole");
    await endedWell("ends", lines(1));
    await nothingLeft();
  });
});

describe("a socket that is taken away and put back", () => {
  it("loses no job: what ended meanwhile is told, what waited is begun", async () => {
    await serve();
    cable = await Cable.lay(place.dataDir);
    const [gate, witness] = [place.openTo("gate"), place.openTo("witness")];
    await post(place, { name: "ends", script: `until [ -s '${gate}' ]; do sleep 0.05; done; echo line 1` });
    await until(async () => (await jobs(place)).some(isRunning));
    const socket = join(place.dataDir, "sock", "onejob.sock");
    renameSync(socket, `${socket}.away`);
    cable.breakAll();
    writeFileSync(gate, "open");
    await until(() => markedProcesses(place.dataDir).every(({ agent }) => agent));
    await post(place, { name: "waits", script: `echo once >> '${witness}'; echo line 1` });
    await until(() => markedProcesses(place.dataDir).length === 2);
    // Both agents are silent for longer than they are trusted.
    await sleep(3_000);
    expect((await jobs(place)).map(({ state }) => state).sort()).toEqual(["running", "starting"]);
    expect(existsSync(socket)).toBe(false);
    renameSync(`${socket}.away`, socket);
    await endedWell("ends", lines(1));
    await endedWell("waits", lines(1));
    expect(readFileSync(witness, "utf8")).toBe("once\n");
    await nothingLeft();
  });
});

describe("a server that stands still while a forge sends its webhooks", () => {
  it("takes each job once, though every delivery counts as failed and comes again", async () => {
    const github = await GithubPlace.open({
      auth: "app",
      intake: "webhook",
      scopes: ["acme"],
      fake: { webhookTimeoutMs: 500 },
    });
    await place.clear();
    place = github.place;
    try {
      const server = await github.serve();
      server.child.kill("SIGSTOP");
      const queued = [1, 2, 3].map(() => github.fake.queueJob("acme/widgets", { labels: ["self-hosted", "linux"] }));
      await until(() => github.fake.deliveries.filter(({ durationMs }) => durationMs > 0).length >= queued.length);
      server.child.kill("SIGCONT");
      await until(() => queued.every(({ id }) => github.fake.job(id).status === "completed"));
      expect(queued.map(({ id }) => github.fake.job(id).conclusion)).toEqual(["success", "success", "success"]);
      await until(async () => (await github.jobs()).every(({ state }) => state === "completed"));
      expect(await github.jobs()).toHaveLength(queued.length);
      await github.whenEmpty();
    } finally {
      await github.fake.stop();
    }
  });
});
