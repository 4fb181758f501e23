import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { chown, lstat, mkdir, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { processCompute } from "../../../runtime/compute/process/index";
import { ownIds } from "../../../runtime/compute/process/ipc";
import { digDeep, nameInBytes } from "../../fixtures/hostile-tree";
import {
  type ProcessWorld,
  type WorldOptions,
  isRoot,
  jobPids,
  livingOf,
  processWorld,
  profile,
} from "./process-world";

const [one, two] = ["r1aaaaaaaa", "r2bbbbbbbb"];
const firstUid = profile.compute.kind === "process" ? profile.compute.firstUid : 0;
let world: ProcessWorld;
const open = async (options: WorldOptions = {}) => (world = await processWorld({ asRoot: true, ...options }));
const uidOf = async (runner: string) => (await world.ready(runner)).boot.user?.uid;
const jobFolder = (runner: string) => join(world.base, "jobs", `onejob-${runner}`);

async function claim(machine: string): Promise<void> {
  await mkdir(world.claimsDir, { recursive: true });
  await writeFile(join(world.claimsDir, String(firstUid)), machine);
}

function ipcOf(uid: number): number {
  const kinds = { shm: "shmid", sem: "semid", msg: "msqid" };
  const ids = ([kind, id]: [string, string]) => ownIds(readFileSync(`/proc/sysvipc/${kind}`, "utf8"), id, uid);
  return Object.entries(kinds).flatMap(ids).length;
}

/** Only root can be other users; who is not has nothing to promise here. */
if (isRoot) {
  describe("as root, with a user for each job", () => {
    afterEach(() => world.close());

    it("gives machines launched at once different users, and uses one again only when its machine is gone", async () => {
      await open();
      await world.compute.launch(world.request(one, two));
      expect([await uidOf(one), await uidOf(two)].sort()).toEqual([firstUid, firstUid + 1]);
      const freed = await uidOf(one);
      await world.compute.terminate([one]);
      await world.compute.launch(world.request("r3cccccccc"));
      expect(await uidOf("r3cccccccc")).toBe(freed);
    });

    it("skips a user that another server's job has", async () => {
      await open();
      const other = join(world.base, "other", "runners");
      await mkdir(other, { recursive: true });
      await claim(join(other, "r9other"));
      await world.compute.launch(world.request(one));
      expect(await uidOf(one)).toBe(firstUid + 1);
    });

    it("takes the user that a server had whose data folder is gone, and removes first what its job left", async () => {
      await open();
      const left = join(world.base, "jobs", "onejob-r9other");
      await mkdir(left);
      await chown(left, firstUid, firstUid);
      await claim(join(world.base, "gone", "runners", "r9other"));
      await world.compute.launch(world.request(one));
      expect(await uidOf(one)).toBe(firstUid);
      expect(existsSync(left)).toBe(false);
      expect(await readdir(world.claimsDir)).toEqual([String(firstUid)]);
    });

    it("skips a user whose number a group has", async () => {
      await open();
      const groupFile = join(world.base, "group");
      await writeFile(groupFile, `root:x:0:\npeople:x:${firstUid}:somebody\n`);
      const compute = processCompute({ ...world.options, groupFile });
      await compute.launch(world.request(one));
      expect(await uidOf(one)).toBe(firstUid + 1);
    });

    it("ends a machine whose job dug deeper than a path can be long", async () => {
      await open();
      await world.compute.launch(world.request(one));
      const { boot } = await world.ready(one);
      digDeep(boot.jobDir, boot.user);
      await world.compute.terminate([one]);
      expect([await readdir(world.options.runnersDir), await readdir(join(world.base, "jobs"))]).toEqual([[], []]);
    });

    it("removes files outside the job's folder also when their names are no text", async () => {
      await open();
      await world.compute.launch(world.request(one));
      const uid = (await uidOf(one)) ?? 0;
      await chown(nameInBytes(join(world.base, "jobs")), uid, uid);
      await world.compute.terminate([one]);
      expect(await readdir(join(world.base, "jobs"))).toEqual([]);
    });

    it("keeps a machine, and says in few words where, while what others put into its folder remains", async () => {
      await open();
      await world.compute.launch(world.request(one));
      await mkdir(join(jobFolder(one), "a", "d".repeat(250)), { recursive: true });
      await expect(world.compute.terminate([one])).rejects.toThrow(jobFolder(one));
      const problem = await world.compute.terminate([one]).catch((error: unknown) => String(error));
      expect(String(problem).length).toBeLessThan(600);
      expect((await world.compute.list()).map(({ machine }) => machine)).toEqual([one]);
      await rm(jobFolder(one), { recursive: true });
    });

    const sysvTools = ["ipcmk", "ipcrm", "ipcs"].every((tool) => existsSync(join("/usr/bin", tool)));
    it(
      sysvTools ? "removes shared memory, semaphores and queues of the job" : "has no System V tools here",
      async () => {
        await open();
        await world.compute.launch(world.request(one));
        const { boot } = await world.ready(one);
        const make = ["ipcmk -M 64", "ipcmk -S 1", "ipcmk -Q"].join(" && ");
        if (sysvTools) execFileSync("sh", ["-c", make], { ...boot.user, cwd: "/" });
        const left = () => ipcOf(boot.user?.uid ?? 0);
        expect(left()).toBe(sysvTools ? 3 : 0);
        await world.compute.terminate([one]);
        expect(left()).toBe(0);
      },
    );

    it("shares no user with another server that launches at the same moment", async () => {
      await open();
      const other = await processWorld({ asRoot: true, claimsDir: world.claimsDir });
      await Promise.all([world.compute.launch(world.request(one)), other.compute.launch(other.request(two))]);
      const users = [await uidOf(one), (await other.ready(two)).boot.user?.uid];
      await other.close();
      expect(users.sort()).toEqual([firstUid, firstUid + 1]);
    });

    it("never lets two machines have one user while others come and go", async () => {
      await open();
      const names = Array.from({ length: 24 }, (_, index) => `r${index}aaaaaaaa`);
      const shared: unknown[] = [];
      for (let at = 0; at + 8 <= names.length; at += 4) {
        await Promise.all([
          world.compute.launch(world.request(...names.slice(at + 4, at + 8))),
          world.compute.terminate(names.slice(at, at + 4)),
        ]);
        const claims = await readdir(world.claimsDir);
        const users = await Promise.all(names.slice(at + 4, at + 8).map(uidOf));
        shared.push(...users.filter((uid, index) => users.indexOf(uid) !== index || !claims.includes(String(uid))));
      }
      expect(shared).toEqual([]);
    });

    it("takes back the user of a machine that a crash kept from being written down", async () => {
      await open();
      await claim(world.dirOf("r9gone"));
      await world.compute.launch(world.request(one));
      expect(await uidOf(one)).toBe(firstUid);
    });

    it("makes the job's folder reachable to its user, and the runner's folder not", async () => {
      await open();
      await world.compute.launch(world.request(one));
      const { boot } = await world.ready(one);
      const as = (command: string, path: string) => spawnSync(command, [path], { ...boot.user, cwd: "/" }).status;
      expect(boot.jobDir).toBe(jobFolder(one));
      expect(as("ls", boot.jobDir)).toBe(0);
      expect(as("ls", world.dirOf(one))).not.toBe(0);
      expect(as("cat", join(world.dirOf(one), "agent.log"))).not.toBe(0);
      expect(as("cat", join(world.dirOf(one), "machine.json"))).not.toBe(0);
    });

    it.each(["none", "found"] as const)(
      "ends processes that shed every mark, and removes files left outside the job's folder (groups: %s)",
      async (groups) => {
        await open({ groups, behaviour: ["children", "stubborn"] });
        await world.compute.launch(world.request(one));
        const pids = [...(await jobPids(world, one)), await world.agentPid(one)];
        const stray = join(world.base, "jobs", "stray-of-job");
        expect((await lstat(stray)).uid).toBe(firstUid);
        await world.compute.terminate([one]);
        expect(livingOf(world, pids)).toEqual([]);
        expect(await readdir(join(world.base, "jobs"))).toEqual([]);
        expect(await readdir(world.options.runnersDir)).toEqual([]);
      },
    );

    it("ends a job that is in another process all the time", async () => {
      await open();
      await world.compute.launch(world.request(one));
      const { boot } = await world.ready(one);
      const comet = join(world.base, "comet.sh");
      await writeFile(comet, 'echo; [ -e "$0" ] && sh "$0" &\n', { mode: 0o755 });
      const job = spawn("sh", [comet], { ...boot.user, detached: true, stdio: ["ignore", "pipe", "ignore"] });
      // The pipe ends with the last process that holds it.
      const ended = once(job.stdout, "end");
      await once(job.stdout, "data");
      await world.compute.terminate([one]);
      await ended;
      expect(existsSync(comet)).toBe(true);
    });

    it.each([
      ["a folder", async (path: string) => mkdir(path).then(() => chown(path, 12_345, 12_345))],
      ["a link", async (path: string) => symlink("/etc", path)],
    ])(
      "says misconfigured, and leaves it alone, when %s of another stands in the place of the job's",
      async (_, make) => {
        await open();
        await make(jobFolder(one));
        const [outcome] = await world.compute.launch(world.request(one));
        expect(outcome).toMatchObject({
          outcome: "misconfigured",
          detail: expect.stringContaining(jobFolder(one)) as string,
        });
        expect(existsSync(jobFolder(one))).toBe(true);
        expect(await readdir(world.options.runnersDir)).toEqual([]);
      },
    );
  });
} else {
  it("gives jobs no user of their own without root's rights", async () => {
    world = await processWorld();
    await world.compute.launch(world.request(one));
    expect(await uidOf(one)).toBeUndefined();
    await world.close();
  });
}
