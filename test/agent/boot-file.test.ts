import { existsSync, statSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readBootFile } from "../../runtime/agent/boot";
import { ownEnvironment } from "../../runtime/agent/job-environment";
import type { AgentBoot } from "../../runtime/core/agent-protocol";

const boot: AgentBoot = {
  url: "http://localhost",
  socket: "/run/onejob/onejob.sock",
  bootToken: "boot-token",
  stateDir: "/var/onejob/state",
  jobDir: "/var/onejob/job",
  environment: { PATH: "/image/bin", JAVA_HOME: "/opt/java", HOME: "/root", ONEJOB_ROLE: "agent" },
  marker: { ONEJOB_RUNNER: "r1", ONEJOB_ROLE: "job" },
};

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "onejob-boot-"));
  file = join(folder, "boot.json");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const read = async (text: string) => {
  await writeFile(file, text);
  return readBootFile(file);
};

describe("orders in a file", () => {
  it("are read, and the file with the boot token is gone", async () => {
    expect(await read(`${JSON.stringify(boot)}\n`)).toEqual({ kind: "boot", boot });
    expect(existsSync(file)).toBe(false);
  });

  it("are none when the file is absent: another agent has had them", async () => {
    await read(`${JSON.stringify(boot)}\n`);
    expect(await readBootFile(file)).toEqual({ kind: "none" });
  });

  it.each([
    ["is no JSON", "boot-token\n"],
    ["lacks a field", '{"bootToken":"boot-token"}\n'],
    ["has variables that are no text", `${JSON.stringify({ ...boot, environment: { A: 1 } })}\n`],
    ["names root as the job's user", `${JSON.stringify({ ...boot, user: { uid: 0, gid: 0 } })}\n`],
  ])("are refused without a word of them when the line %s, and the file is gone", async (_how, text) => {
    const line = await read(text);
    expect(line.kind).toBe("refused");
    expect(JSON.stringify(line)).not.toContain("boot-token");
    expect(existsSync(file)).toBe(false);
  });

  it("may name the group of root, as many images have it", async () => {
    expect((await read(`${JSON.stringify({ ...boot, user: { uid: 1000, gid: 0 } })}\n`)).kind).toBe("boot");
  });

  it("that cannot be removed are not followed: whoever comes next could read them", async () => {
    await expect(readBootFile(folder)).rejects.toThrow("EISDIR");
    expect(statSync(folder).isDirectory()).toBe(true);
  });
});

it("gives a job the machine's own variables, but none that say where it is, who it is, or what we know it by", () => {
  const folders = { work: "/job/work", home: "/job/home", temporary: "/job/tmp" };
  const inherited = { path: "/image/bin", language: "C.UTF-8" };
  expect(ownEnvironment({ boot, folders, inherited }, { MORE: "1" })).toMatchObject({
    ...{ JAVA_HOME: "/opt/java", PATH: "/image/bin", MORE: "1" },
    ...{ HOME: "/job/home", TMPDIR: "/job/tmp", ONEJOB_ROLE: "job", ONEJOB_RUNNER: "r1" },
  });
});
