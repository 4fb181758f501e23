import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { processCompute } from "../../../runtime/compute/process/index";
import { readRecord, writeRecord } from "../../../runtime/compute/process/machine-record";
import { processTable } from "../../../runtime/compute/process/process-table";
import { type ProcessWorld, type WorldOptions, dead, jobPids, livingOf, processWorld, until } from "./process-world";

const runner = "r1aaaaaaaa";
let world: ProcessWorld;
const open = async (options: WorldOptions = {}) => (world = await processWorld(options));
afterEach(() => world.close());

describe("the end of a machine", () => {
  it.each([
    ["without control groups", { groups: "none" }],
    ["with the control groups of this machine, if any", { groups: "found" }],
  ] as const)("leaves no process and no file of a job that resists, %s", async (_how, options) => {
    await open({ ...options, behaviour: ["children", "stubborn"] });
    await world.compute.launch(world.request(runner));
    const pids = [...(await jobPids(world, runner)), await world.agentPid(runner)];
    expect(livingOf(world, pids)).toEqual(expect.arrayContaining(pids));
    await world.compute.terminate([runner]);
    expect(livingOf(world, pids)).toEqual([]);
    expect(await readdir(world.options.runnersDir)).toEqual([]);
  });

  it("ends what a job left running although its agent is dead", async () => {
    await open({ behaviour: ["children"] });
    await world.compute.launch(world.request(runner));
    const pids = await jobPids(world, runner);
    await world.kill(runner);
    expect(await world.compute.list()).toMatchObject([{ runner, alive: false }]);
    await world.compute.terminate([runner]);
    expect(livingOf(world, pids)).toEqual([]);
  });

  it("comes from a new server just as well", async () => {
    await open({ behaviour: ["children", "stubborn"] });
    await world.compute.launch(world.request(runner));
    const pids = [...(await jobPids(world, runner)), await world.agentPid(runner)];
    await (await world.restart()).terminate([runner]);
    expect(livingOf(world, pids)).toEqual([]);
    expect(await readdir(world.options.runnersDir)).toEqual([]);
  });

  it("ends an agent whose folder somebody removed, which stays listed until then", async () => {
    await open();
    await world.compute.launch(world.request(runner));
    await world.ready(runner);
    const pid = await world.agentPid(runner);
    await rm(world.dirOf(runner), { recursive: true });
    expect(await world.compute.list()).toEqual([{ machine: runner, runner, launch: "launch-1", alive: true }]);
    await world.compute.terminate([runner]);
    expect(livingOf(world, [pid])).toEqual([]);
    expect(await world.compute.list()).toEqual([]);
  });

  it("does not touch, nor list, a machine of the same name of another server", async () => {
    await open();
    const other = await processWorld();
    try {
      await other.compute.launch(other.request(runner));
      await other.ready(runner);
      expect(await world.compute.list()).toEqual([]);
      await world.compute.terminate([runner]);
      expect(await other.compute.list()).toMatchObject([{ runner, alive: true }]);
    } finally {
      await other.close();
    }
  });

  it("is told when the agent ends by itself", async () => {
    const told: string[] = [];
    await open({ behaviour: ["quit"], onExit: (machine) => told.push(machine) });
    await world.compute.launch(world.request(runner));
    expect(await until(() => Promise.resolve(told[0]))).toBe(runner);
    expect(await world.compute.list()).toMatchObject([{ runner, alive: false }]);
  });
});

describe("the agent", () => {
  it("is given its orders on standard input, and nothing secret anywhere else", async () => {
    await open({
      behaviour: ["children"],
      environment: { PATH: process.env["PATH"], LANG: "C", AWS_SECRET: "s3cret" },
    });
    await world.compute.launch(world.request(runner));
    const { boot, env, argv } = await world.ready(runner);
    const dir = world.dirOf(runner);
    expect(boot).toEqual({
      url: "http://127.0.0.1:7433",
      urlFile: world.options.urlFile,
      bootToken: world.bootToken(runner),
      cacheDir: join(dirname(world.options.runnersDir), "cache"),
      refusesForks: true,
      stateDir: dir,
      jobDir: join(dir, "job"),
      marker: { ...markers(), ONEJOB_ROLE: "job" },
    });
    expect(env).toEqual({ ...markers(), ONEJOB_ROLE: "agent", PATH: process.env["PATH"], LANG: "C" });
    expect(argv.join(" ")).not.toContain("s3cret");
    expect(await readFile(join(dir, "machine.json"), "utf8")).not.toContain("s3cret");
    for (const pid of [...(await jobPids(world, runner)), await world.agentPid(runner)]) {
      const shown = await Promise.all(["environ", "cmdline"].map((file) => readFile(`/proc/${pid}/${file}`, "utf8")));
      expect(shown.join()).not.toContain("s3cret");
    }
  });

  it("is given the server's socket where there is one", async () => {
    const socket = "/nowhere/onejob.sock";
    await open({ socket });
    await world.compute.launch(world.request(runner));
    expect((await world.ready(runner)).boot).toMatchObject({ socket });
  });

  it("leads a session of its own, so that it outlives the server", async () => {
    await open();
    await world.compute.launch(world.request(runner));
    const pid = await world.agentPid(runner);
    const entry = processTable()
      .snapshot()
      .find((found) => found.pid === pid);
    expect(entry?.session).toBe(pid);
  });

  it("has an empty job folder of its own, closed to others", async () => {
    await open();
    await world.compute.launch(world.request(runner));
    const { boot } = await world.ready(runner);
    expect(await readdir(boot.jobDir)).toEqual([]);
    expect(await modeOf(boot.jobDir)).toBe(0o700);
    expect(await modeOf(world.dirOf(runner))).toBe(0o700);
    expect(await modeOf(join(world.dirOf(runner), "agent.log"))).toBe(0o600);
  });

  const markers = () => ({
    ONEJOB_LAUNCH: "launch-1",
    ONEJOB_RUNNER: runner,
    ONEJOB_RUNNERS_DIR: world.options.runnersDir,
  });
});

describe("a launch after a crash", () => {
  it("starts a machine of which only the empty folder was made", async () => {
    await open();
    await mkdir(world.dirOf(runner), { recursive: true });
    expect(await world.compute.list()).toEqual([{ machine: runner, runner, launch: null, alive: false }]);
    expect(await world.compute.launch(world.request(runner))).toMatchObject([{ outcome: "launched" }]);
    expect(await world.starts(runner)).toBe(1);
  });

  it("replaces an agent that was spawned but never recorded, and so never had its orders", async () => {
    await open();
    await world.compute.launch(world.request(runner));
    await world.ready(runner);
    const first = await world.agentPid(runner);
    const record = await readRecord(world.dirOf(runner));
    if (typeof record === "string") throw new Error("no record");
    await writeRecord(world.dirOf(runner), { ...record, agent: null });
    await (await world.restart()).launch(world.request(runner));
    await dead(first);
    expect(await world.starts(runner)).toBe(1);
    expect(await world.agentPid(runner)).not.toBe(first);
  });

  it("starts nothing where a record is there but lost, for its agent may have run", async () => {
    await open();
    await mkdir(world.dirOf(runner), { recursive: true });
    await writeFile(join(world.dirOf(runner), "machine.json"), "{");
    expect(await world.compute.launch(world.request(runner))).toMatchObject([{ outcome: "launched" }]);
    expect(await world.compute.list()).toMatchObject([{ runner, alive: false }]);
    await world.compute.terminate([runner]);
    expect(await world.compute.list()).toEqual([]);
  });
});

describe("a launch that cannot be", () => {
  it.each([
    ["the agent's script is missing", [process.execPath, "/nowhere/agent.js"], "/nowhere/agent.js"],
    ["the agent's program is missing", ["no-such-program-at-all"], "no-such-program-at-all"],
    ["no agent is set", [], "no agent command"],
  ])("says misconfigured and leaves nothing when %s", async (_what, agentCommand, named) => {
    await open({ agentCommand });
    const [outcome] = await world.compute.launch(world.request(runner));
    expect(outcome).toMatchObject({
      runner,
      outcome: "misconfigured",
      detail: expect.stringContaining(named) as string,
    });
    expect(JSON.stringify(outcome)).not.toContain("s3cret");
    expect(await world.compute.list()).toEqual([]);
  });

  it("says misconfigured when the data folder cannot be written, and does not throw", async () => {
    const made = await open();
    await writeFile(join(made.base, "file"), "");
    const compute = processCompute({ ...made.options, runnersDir: join(made.base, "file", "runners") });
    expect(await compute.launch(made.request(runner))).toMatchObject([{ runner, outcome: "misconfigured" }]);
  });

  it("answers misconfigured for a runner id that is no folder name, and makes nothing", async () => {
    await open();
    expect(await world.compute.launch(world.request("../up", runner))).toMatchObject([
      { runner: "../up", outcome: "misconfigured" },
      { runner, outcome: "launched" },
    ]);
    expect(existsSync(join(world.base, "data", "up"))).toBe(false);
  });
});

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}
