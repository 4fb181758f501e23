/** What only root can do: give the job a user of its own. Elsewhere one test holds: asking for it is no way past that. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { create } from "tar";
import { asUser } from "../../runtime/agent/as-user";
import { listProcesses } from "../../runtime/agent/proc";
import { job, openBench } from "./agent-bench";
import type { Bench } from "./agent-bench";

const user = { uid: 54_321, gid: 54_321 };
const asRoot = process.getuid?.() === 0;

let bench: Bench;
afterEach(() => bench.close());

const asRootTests = (): void => {
  it("runs the job under its own uid and gid alone, in folders of its own", async () => {
    bench = await openBench({ assignment: job("id -u; id -g; id -G; stat -c %u . $HOME $TMPDIR; touch x") }, user);
    await bench.run();
    expect(bench.server.log.toString()).toBe("54321\n".repeat(6));
    expect(bench.server.finished.exitCode).toBe(0);
    expect(existsSync(bench.boot.jobDir)).toBe(false);
  });

  it("keeps the job out of the agent's folder and environment", async () => {
    bench = await openBench({}, user);
    const { stateDir } = bench.boot;
    bench.server.assignment = job(
      `ls ${stateDir} || cat ${stateDir}/output.log || cat /proc/$PPID/environ || echo closed`,
    );
    await bench.run();
    expect(bench.server.log.toString()).toMatch(/closed\n$/);
  });

  it("lets the job open its output again by name", async () => {
    bench = await openBench({ assignment: job("echo one > /dev/stderr; echo two > /dev/stdout") }, user);
    await bench.run();
    expect(bench.server.log.toString()).toBe("one\ntwo\n");
  });

  it("never removes with root's rights what its user could not, and says where that is", async () => {
    bench = await openBench({ assignment: job("sleep 600") }, user);
    const code = bench.run();
    await bench.server.until(() => bench.server.has("started"));
    const swappedIn = join(bench.boot.jobDir, "work", "swapped-in");
    await mkdir(join(swappedIn, "folder"), { recursive: true });
    bench.server.tell({ cancel: true });
    expect(await code).toBe(0);
    expect(existsSync(swappedIn)).toBe(true);
    expect(bench.logLines.join("\n")).toContain(`what is left in ${bench.boot.jobDir} does not go away`);
  });

  it("ends a daemon that hides its environment, its session and its parents", async () => {
    bench = await openBench({ assignment: job("(env -i setsid /bin/sleep 600 &); sleep 0.2") }, user);
    let left: number | undefined;
    bench.server.onReport = ({ events }) => {
      if (events.some(({ type }) => type === "finished")) left = ownedBy(user.uid);
    };
    await bench.run();
    expect(left).toBe(0);
  });

  it("unpacks the folder as the job's user, and has its own rights back afterwards", async () => {
    bench = await openBench({}, user);
    await writeFile(join(bench.folder, "file"), "content");
    const bundle = await buffer(create({ gzip: true, cwd: bench.folder }, ["file"]));
    await bench.close();
    const facts = { bytes: bundle.length, sha256: createHash("sha256").update(bundle).digest("hex") };
    bench = await openBench({ assignment: job("stat -c '%u %g' file; cat file", { bundle: facts }), bundle }, user);
    await bench.run();
    expect(bench.server.log.toString()).toBe("54321 54321\ncontent");
    expect([process.geteuid?.(), process.getegid?.()]).toEqual([0, process.getgid?.()]);
  });
};

describe("a job with a user of its own", () => {
  if (asRoot) asRootTests();

  it("takes the agent's rights back also when the work fails", async () => {
    bench = await openBench({});
    const before = [process.geteuid?.(), process.getegid?.(), process.getgroups?.()];
    await expect(asUser(user, () => Promise.reject(new Error("broken")))).rejects.toThrow();
    expect([process.geteuid?.(), process.getegid?.(), process.getgroups?.()]).toEqual(before);
  });
});

function ownedBy(uid: number): number {
  return listProcesses().filter((entry) => entry.uid === uid).length;
}
