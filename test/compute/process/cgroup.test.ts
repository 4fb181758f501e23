import { mkdtemp, mkdir, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { locateBase, makeGroup, probe, removeGroup } from "../../../runtime/compute/process/cgroup";
import { controlGroups } from "../../../runtime/compute/process/control-groups";

const mount = (root: string, at: string) =>
  `31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n38 31 0:38 ${root} ${at} rw,relatime shared:9 - cgroup2 cgroup2 rw\n`;

describe("our own group", () => {
  it.each<[string, string, string, ReturnType<typeof locateBase>]>([
    ["of a whole tree", mount("/", "/sys/fs/cgroup"), "0::/a/b\n", { dir: "/sys/fs/cgroup/a/b", delegated: false }],
    [
      "beside version 1",
      mount("/", "/sys/fs/cgroup/unified"),
      "4:cpu:/x\n0::/\n",
      { dir: "/sys/fs/cgroup/unified/", delegated: false },
    ],
    [
      "of a container",
      mount("/docker/1", "/sys/fs/cgroup"),
      "0::/docker/1/in\n",
      { dir: "/sys/fs/cgroup/in", delegated: false },
    ],
    ["with a blank in its path", mount("/", "/my\\040groups"), "0::/a\n", { dir: "/my groups/a", delegated: false }],
    [
      "when the service manager handed one over",
      mount("/", "/sys/fs/cgroup"),
      "0::/system.slice/onejob.service/onejob-server\n",
      { dir: "/sys/fs/cgroup/system.slice/onejob.service", delegated: true },
    ],
    ["nowhere when outside of what we see", mount("/", "/sys/fs/cgroup"), "0::/../other\n", undefined],
    ["nowhere when mounted elsewhere", mount("/docker/1", "/sys/fs/cgroup"), "0::/other\n", undefined],
    [
      "nowhere without version 2",
      "31 23 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n",
      "4:cpu:/\n",
      undefined,
    ],
    ["nowhere when nothing can be read", "", "", undefined],
  ])("is found %s", (...[, mountinfo, membership, expected]) => {
    expect(locateBase(mountinfo, membership)).toEqual(expected);
  });
});

describe("control groups", () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "onejob-test-"));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));
  const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const nothing = { memory: false, cpu: false, kill: "marker" };

  it("are not claimed, and nothing is left, where a folder only looks like them", async () => {
    expect(probe({ dir, delegated: true })).toBeUndefined();
    expect(await readdir(dir)).toEqual([]);
  });

  it.each([
    ["there is no group", null],
    ["the group does not exist", { dir: "/nowhere/at/all", delegated: false }],
    ["it cannot be divided", { dir: "/proc", delegated: false }],
  ])("are not claimed when %s", (_why, base) => {
    const groups = controlGroups({ base, otherwise: "marker", log });
    expect(groups.enforcement()).toEqual(nothing);
    expect(groups.pathFor("r1")).toBeNull();
  });

  it("are not claimed any more once one was refused", () => {
    const groups = controlGroups({ otherwise: "marker", log });
    groups.giveUp(new Error("EBUSY"));
    expect(groups.enforcement()).toEqual(nothing);
    expect(groups.pathFor("r1")).toBeNull();
  });

  it("claim on this machine only what a group made here has", () => {
    const { memory, cpu, kill } = controlGroups({ otherwise: "marker", log }).enforcement();
    expect(kill === "cgroup" || (!memory && !cpu)).toBe(true);
  });

  it("get the limits of the profile as far as they are supported", async () => {
    const group = join(dir, "onejob-r1");
    await makeGroup(group, { memoryMiB: 64, cpus: 0.5 }, { memory: true, cpu: true });
    expect(await readFile(join(group, "memory.max"), "utf8")).toBe("67108864");
    expect(await readFile(join(group, "cpu.max"), "utf8")).toBe("50000 100000");
    const without = join(dir, "onejob-r2");
    await makeGroup(without, { memoryMiB: 64, cpus: 0.5 }, { memory: false, cpu: false });
    await makeGroup(without, { memoryMiB: null, cpus: null }, { memory: true, cpu: true });
    expect(await readdir(without)).toEqual([]);
  });

  it("are removed with the groups a job made inside, and taken as removed when gone", async () => {
    await mkdir(join(dir, "onejob-r1", "inner", "most"), { recursive: true });
    await removeGroup(join(dir, "onejob-r1"));
    await removeGroup(join(dir, "onejob-r1"));
    expect(await readdir(dir)).toEqual([]);
  });
});
