import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server as HttpServer } from "node:http";
import { join } from "node:path";
import { markedProcesses, Place, until, type Server } from "../fixtures/onejob-process";

interface JobJson {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly reason: string | null;
  readonly exitCode: number | null;
  readonly attempt: number;
}

const rounds = 10;
const jobsPerRound = 12;

/** Writes one line per run of a job to a file outside every workspace: the only witness of a second run. */
function witness(place: Place, name: string, seconds: string): string {
  return `echo ${name} >> '${join(place.dir, "witness")}'; sleep ${seconds}; echo done ${name}`;
}

async function post(place: Place, name: string, command: string): Promise<void> {
  const body = JSON.stringify({ command: ["sh", "-c", command], labels: [], env: {}, name });
  const headers = { "content-type": "application/json" };
  const response = await place.api("/api/v1/jobs", { method: "POST", body, headers });
  expect(response.status).toBe(201);
}

async function jobs(place: Place): Promise<readonly JobJson[]> {
  return (await place.json<{ items: JobJson[] }>("/api/v1/jobs?limit=500")).items;
}

const ended = (job: JobJson) => ["completed", "failed", "cancelled", "expired"].includes(job.state);

describe("kill -9 of the server", () => {
  it(`${rounds} times over, with jobs queued, launching and running: all end, none runs twice to success`, async () => {
    const place = new Place();
    place.configure("profiles:\n  - { name: small, limits: { maxRunners: 4 } }\nsweep: { interval: 1s }");
    // The witness file is written by the jobs' own users.
    place.openTo("witness");
    let server: Server = await place.serve();
    for (let round = 0; round < rounds; round += 1) {
      for (let index = 0; index < jobsPerRound; index += 1) {
        const name = `r${round}-j${index}`;
        await post(place, name, witness(place, name, index % 3 === 0 ? "1.5" : "0.1"));
      }
      // A different moment each round: from "nothing launched yet" to "most of them done".
      const enough = round;
      await until(
        async () =>
          (await jobs(place)).filter((job) => job.name.startsWith(`r${round}-`) && ended(job)).length >= enough,
      );
      await server.kill("SIGKILL");
      server = await place.serve();
    }
    await until(async () => (await jobs(place)).every(ended));
    const all = await jobs(place);
    expect(all).toHaveLength(rounds * jobsPerRound);
    expect(all.filter((job) => job.state !== "completed")).toEqual([]);
    const runs = readFileSync(join(place.dir, "witness"), "utf8").trim().split("\n");
    expect(runs.sort()).toEqual(all.map((job) => job.name).sort());
    await until(() => place.leftRunners().length === 0 && markedProcesses(place.dataDir).length === 0);
    await until(async () => (await place.json<{ items: unknown[] }>("/api/v1/runners")).items.length === 0);
    expect(await server.kill("SIGTERM")).toBe(0);
    await place.clear();
  });

  it("lets a running job go on, keeps its output, and adopts it", async () => {
    const place = new Place();
    const server = await place.serve();
    const command = "for i in 1 2 3 4 5 6 7 8; do echo line $i; sleep 0.25; done; exit 5";
    await post(place, "long", command);
    await until(async () => (await jobs(place)).some((job) => job.state === "running"));
    await server.kill("SIGKILL");
    const second = await place.serve();
    await until(async () => (await jobs(place)).every(ended));
    const [job] = await jobs(place);
    expect(job).toMatchObject({ state: "failed", exitCode: 5, attempt: 1, reason: "command-failed" });
    const log = await (await place.api(`/api/v1/jobs/${job?.id}/logs`)).text();
    expect(log).toBe([1, 2, 3, 4, 5, 6, 7, 8].map((line) => `line ${line}\n`).join(""));
    const { items } = await place.json<{ items: { stage: string }[] }>(`/api/v1/jobs/${job?.id}/timeline`);
    expect(items.map((item) => item.stage)).toContain("adopted");
    await second.kill("SIGTERM");
    await place.clear();
  });
});

/** Takes a dead server's port and tells everybody that their job is over. */
async function squat(url: string, seen: () => void): Promise<HttpServer> {
  const squatter = createServer((_, response) => response.writeHead(409).end("{}"));
  squatter.on("connection", seen);
  await new Promise<void>((resolve, reject) => {
    squatter.once("error", reject).listen(Number(new URL(url).port), "127.0.0.1", resolve);
  });
  return squatter.unref();
}

describe("a stranger on the port of a dead server", () => {
  it("is sent nothing by agents and commands, and ends no job", async () => {
    const place = new Place();
    const gate = place.openTo("gate");
    const server = await place.serve();
    await post(place, "guarded", `echo before; until [ -s '${gate}' ]; do sleep 0.05; done; echo after`);
    await until(async () => (await jobs(place)).some((job) => job.state === "running"));
    await until(() => markedProcesses(place.dataDir).some((found) => !found.agent));
    await server.kill("SIGKILL");
    let connections = 0;
    const squatter = await squat(server.url, () => (connections += 1));
    writeFileSync(gate, "open");
    await until(() => markedProcesses(place.dataDir).every((found) => found.agent));
    expect(await place.run(["list"])).toMatchObject({ code: 69, stdout: "" });
    expect(markedProcesses(place.dataDir).filter((found) => found.agent)).toHaveLength(1);
    const second = await place.serve();
    await until(async () => (await jobs(place)).every(ended));
    const [job] = await jobs(place);
    expect(job).toMatchObject({ state: "completed", exitCode: 0, attempt: 1 });
    expect(await (await place.api(`/api/v1/jobs/${job?.id}/logs`)).text()).toBe("before\nafter\n");
    expect(connections).toBe(0);
    await new Promise((resolve) => squatter.close(resolve));
    await second.kill("SIGTERM");
    await place.clear();
  });
});

describe("kill -9 of the agent", () => {
  it("fails its job as agent-lost, takes the command with it, and leaves nothing", async () => {
    const place = new Place();
    const server = await place.serve();
    await post(place, "lost", "sleep 300");
    await killAgentOnce(place);
    await until(async () => (await jobs(place)).every(ended));
    expect(await jobs(place)).toMatchObject([{ state: "failed", reason: "agent-lost", attempt: 1, exitCode: null }]);
    await until(() => markedProcesses(place.dataDir).length === 0 && place.leftRunners().length === 0);
    await server.kill("SIGTERM");
    await place.clear();
  });

  it("runs the job again only with retries", async () => {
    const place = new Place();
    const server = await place.serve();
    const command = `if [ "$ONEJOB_ATTEMPT" = 1 ]; then sleep 300; fi; echo attempt $ONEJOB_ATTEMPT`;
    const ran = place.run(["submit", "--retries", "1", "--", "sh", "-c", command], { cwd: place.folder({}) });
    await killAgentOnce(place);
    expect(await ran).toMatchObject({ code: 0, stdout: "attempt 2\n" });
    await server.kill("SIGTERM");
    await place.clear();
  });
});

/** Waits until a job's command runs, then kills the agent above it. */
async function killAgentOnce(place: Place): Promise<void> {
  await until(async () => (await jobs(place)).some((job) => job.state === "running"));
  await until(() => markedProcesses(place.dataDir).some((found) => !found.agent));
  const agent = markedProcesses(place.dataDir).find((found) => found.agent);
  expect(agent).toBeDefined();
  if (agent) process.kill(agent.pid, "SIGKILL");
}
