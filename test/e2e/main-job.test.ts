import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { markedProcesses, Place, until, type Server } from "../fixtures/onejob-process";

interface JobJson {
  readonly id: string;
  readonly key: string;
  readonly state: string;
  readonly reason: string | null;
  readonly exitCode: number | null;
  readonly attempt: number;
  readonly runner: string | null;
}

const place = new Place();
let server: Server;
beforeAll(async () => {
  server = await place.serve();
});
afterAll(async () => {
  await server.kill("SIGTERM");
  await place.clear();
});

const submit = (args: readonly string[], cwd = place.folder({})) => place.run(["submit", ...args], { cwd });

describe("a submitted job", () => {
  it("runs in a fresh copy of the folder, which is gone afterwards", async () => {
    const cwd = place.folder({ "hello.txt": "from the folder\n" });
    const ran = await submit(["--", "sh", "-c", "cat hello.txt; pwd; touch made-here"], cwd);
    expect(ran).toMatchObject({ code: 0 });
    const [text, workspace = ""] = ran.stdout.split("\n");
    expect(text).toBe("from the folder");
    expect(workspace).not.toBe(cwd);
    expect(existsSync(workspace)).toBe(false);
    expect(existsSync(join(cwd, "made-here"))).toBe(false);
  });

  it("leaves out what .gitignore names, and .git", async () => {
    const cwd = place.folder({ ".gitignore": "secret.env\n", "secret.env": "x", kept: "y" });
    mkdirSync(join(cwd, ".git"));
    writeFileSync(join(cwd, ".git", "HEAD"), "ref");
    expect((await submit(["--", "ls", "-A"], cwd)).stdout.split("\n").filter(Boolean)).toEqual([".gitignore", "kept"]);
  });

  it.each([0, 1, 7, 255])("gives its exit code %i through", async (code) => {
    expect((await submit(["--", "sh", "-c", `exit ${code}`])).code).toBe(code);
  });

  it("that kills itself ends with 128 and the signal's number", async () => {
    expect((await submit(["--", "sh", "-c", "kill -TERM $$"])).code).toBe(143);
  });

  it("whose command does not exist says so and ends with 127", async () => {
    const ran = await submit(["--", "no-such-command"]);
    expect(ran.code).toBe(127);
    expect(ran.stdout).toContain("no-such-command");
  });

  it("that runs longer than its time-out ends with 124", async () => {
    expect((await submit(["--timeout", "1s", "--", "sleep", "60"])).code).toBe(124);
  });

  it("gets the variables it was given, and none of the server's", async () => {
    const ran = await submit(["--env", "GIVEN=yes", "--", "env"]);
    expect(ran.stdout).toContain("GIVEN=yes\n");
    expect(ran.stdout).toContain("CI=true\n");
    expect(ran.stdout).not.toContain("ONEJOB_DATA_DIR");
  });

  it("prints byte for byte what it prints, also when that is much", async () => {
    const ran = await submit(["--", "sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' 'x'; echo end"]);
    expect(ran.stdout.length).toBe(3_000_004);
    expect(ran.stdout.endsWith("xend\n")).toBe(true);
  });

  it("leaves no process behind, not even a daemon that ran away from it", async () => {
    const ran = await submit(["--", "sh", "-c", "setsid sleep 300 >/dev/null 2>&1 & echo started"]);
    expect(ran).toMatchObject({ code: 0, stdout: "started\n" });
    expect(markedProcesses(place.dataDir).filter((found) => !found.agent)).toEqual([]);
  });

  it("is tried again as often as --retries allows, and no more", async () => {
    const ran = await submit(["--retries", "2", "--", "sh", "-c", "echo attempt $ONEJOB_ATTEMPT; exit 3"]);
    expect(ran).toMatchObject({ code: 3, stdout: "attempt 1\nattempt 2\nattempt 3\n" });
  });

  it("has a timeline with every stage in order", async () => {
    const ran = await submit(["--detach", "--quiet", "--", "true"]);
    const id = ran.stdout.trim();
    await until(async () => (await place.json<JobJson>(`/api/v1/jobs/${id}`)).state === "completed");
    const { items } = await place.json<{ items: { stage: string; at: string }[] }>(`/api/v1/jobs/${id}/timeline`);
    const order = [
      "created",
      "received",
      "admitted",
      "claimed",
      "launching",
      "launched",
      "booted",
      "enrolled",
      "listening",
    ];
    expect(items.map((item) => item.stage)).toEqual([...order, "started", "finished"]);
    const times = items.map((item) => Date.parse(item.at));
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });
});

describe("cancelling", () => {
  it("ends a running job and its command, and submit leaves with 130", async () => {
    const ran = submit(["--name", "to-cancel", "--", "sleep", "300"]);
    const running = async () => {
      const { items } = await place.json<{ items: (JobJson & { name: string })[] }>("/api/v1/jobs?state=running");
      return items.find((item) => item.name === "to-cancel");
    };
    await until(async () => (await running()) !== undefined);
    const job = await running();
    expect((await place.run(["cancel", "--wait", job?.id ?? ""])).code).toBe(0);
    expect((await ran).code).toBe(130);
    expect(await place.json(`/api/v1/jobs/${job?.id}`)).toMatchObject({
      state: "cancelled",
      reason: "cancelled-by-user",
    });
  });

  it("of an ended job changes nothing", async () => {
    const id = (await submit(["--detach", "--quiet", "--", "true"])).stdout.trim();
    await until(async () => (await place.json<JobJson>(`/api/v1/jobs/${id}`)).state === "completed");
    await place.run(["cancel", id]);
    expect(await place.json(`/api/v1/jobs/${id}`)).toMatchObject({ state: "completed", exitCode: 0 });
  });
});

describe("refusals", () => {
  it("name the nearest profile for a label that fits nothing, and leave with 125", async () => {
    const ran = await submit(["--label", "linux,gpu", "--", "true"]);
    expect(ran.code).toBe(125);
    expect(ran.stderr).toContain("gpu");
    expect(ran.stderr).toContain("default");
  });

  it("of a folder with a link that leads out name the link, and send nothing", async () => {
    const cwd = place.folder({});
    symlinkSync("../../outside", join(cwd, "way-out"));
    const ran = await submit(["--", "true"], cwd);
    expect(ran.code).toBe(125);
    expect(ran.stderr).toContain("way-out");
  });

  it("of a wrong token leave with 77", async () => {
    const ran = await place.run(["list"], { env: { ONEJOB_TOKEN: "wrong" } });
    expect(ran.code).toBe(77);
    const cwd = place.folder({ large: randomBytes(8 * 1024 * 1024).toString("base64") });
    const sent = await place.run(["submit", "--", "true"], { cwd, env: { ONEJOB_TOKEN: "wrong" } });
    expect(sent.code).toBe(77);
    expect(sent.stderr).not.toContain("away");
  });

  it("of a second server on the same folder name the process that has it, and leave with 73", async () => {
    const ran = await place.run(["serve", "--listen", "127.0.0.1:0"]);
    expect(ran.code).toBe(73);
    expect(ran.stderr).toContain(String(server.child.pid));
  });

  it("of a taken port leave with 74 and leave the data folder free", async () => {
    const other = new Place();
    const ran = await other.run(["serve", "--listen", server.url.replace("http://", "")]);
    expect(ran.code).toBe(74);
    const second = await other.serve();
    expect(await second.kill("SIGTERM")).toBe(0);
    await other.clear();
  });
});

describe("a job's user", () => {
  it("is one of its own under root, that can read neither token, nor ledger, nor settings; else the server's", async () => {
    const probe = ["token", "server.json", "ledger", "ledger/CURRENT", "runners", "pid"]
      .map((name) => `cat '${place.dataDir}/${name}' && echo READ; ls '${place.dataDir}/${name}' && echo READ`)
      .join("; ");
    const ran = await submit(["--", "sh", "-c", `id -u; { ${probe}; cat /proc/$PPID/environ; } 2>/dev/null; true`]);
    const uid = Number(ran.stdout.split("\n")[0]);
    const own = process.getuid?.() ?? -1;
    expect(own === 0 ? uid > 0 : uid === own).toBe(true);
    expect(own === 0 && ran.stdout.includes("READ")).toBe(false);
  });
});

describe("when all is done", () => {
  it("nothing is left: no machine, no folder, no process, no open record", async () => {
    await until(() => place.leftRunners().length === 0 && markedProcesses(place.dataDir).length === 0);
    await until(async () => (await place.json<{ items: unknown[] }>("/api/v1/runners")).items.length === 0);
    const { items } = await place.json<{ items: JobJson[] }>("/api/v1/jobs?limit=500");
    expect(items.filter((job) => !["completed", "failed", "cancelled", "expired"].includes(job.state))).toEqual([]);
  });
});
