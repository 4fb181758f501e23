/** What only root can do: give the listener a user of its own, out of whose reach are the agent and the cache. */
import { chown, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { made, openListenerBench, waitFor, writeProgram } from "./listener-bench";
import type { ListenerBench } from "./listener-bench";
import { openInstallBench } from "./install-bench";
import { FakeReleaseServer } from "./release-server";
import { bundleOf } from "../fixtures/tar-bytes";

const user = { uid: 54_322, gid: 54_322 };
const asRoot = process.getuid?.() === 0;

let bench: ListenerBench;
afterEach(() => bench.close());

/** Where both root and the user may write. */
async function openNotes(): Promise<string> {
  const notes = bench.note("notes");
  await mkdir(notes);
  await chown(notes, user.uid, user.gid);
  return notes;
}

const asRootTests = (): void => {
  it("runs as the job's user alone, in a copy that is its own, and leaves nothing", async () => {
    bench = await openListenerBench("exit 0", user);
    const notes = await openNotes();
    const found = "find . ! -uid 54322 | wc -l; touch bin/mine _work 2>&1; rm bin/data";
    await writeFile(join(bench.runner, "bin", "data"), "x", { mode: 0o400 });
    await writeProgram(bench.runner, `(id -u; id -g; id -G; ${found}) > ${notes}/said 2>&1`);
    await bench.listen();
    expect(await readFile(join(notes, "said"), "utf8")).toBe("54322\n54322\n54322\n0\n");
    expect(bench.server.finished).toMatchObject({ exitCode: 0, reason: null });
    expect(existsSync(bench.boot.jobDir)).toBe(false);
  });

  it("may neither write the fork door nor miss it", async () => {
    bench = await openListenerBench("exit 0", user);
    const notes = await openNotes();
    const door = `"$ACTIONS_RUNNER_HOOK_JOB_STARTED"`;
    const tries = `echo x >> ${door}; echo x >> onejob-check-event.js; chmod 777 ${door}`;
    const event = `GITHUB_EVENT_NAME=push GITHUB_EVENT_PATH=/dev/null sh -e ${door}; echo $?`;
    const fork = `GITHUB_EVENT_NAME=pull_request GITHUB_EVENT_PATH=/dev/null sh -e ${door} > /dev/null; echo $?`;
    const script = `(${tries}) 2> /dev/null; (stat -c %u:%a ${door}; ${event}; ${fork}) > ${notes}/said 2>&1`;
    await writeProgram(bench.runner, script);
    await bench.listen({ boot: { refusesForks: true } });
    expect(await readFile(join(notes, "said"), "utf8")).toBe("0:755\n0\n1\n");
  });

  it("can look into neither the cache nor the agent's folder", async () => {
    const release = new FakeReleaseServer();
    await release.start();
    bench = await openListenerBench("exit 0", user);
    const notes = await openNotes();
    const cacheDir = bench.note("cache");
    const content = `#!/bin/sh
(ls ${cacheDir}/actions-runner; touch ${cacheDir}/actions-runner/x; ls ${bench.boot.stateDir}) > ${notes}/said 2> /dev/null
touch ${notes}/there
${waitFor(`${notes}/go`)}
`;
    release.publish("2.338.0", { archive: bundleOf({ path: "bin/Runner.Listener", content, mode: 0o755 }) });
    const runner = { version: "latest", releasesUrl: release.url };
    const code = bench.listen({ orders: { runner }, boot: { cacheDir } });
    await made(join(notes, "there"));
    expect(await readFile(join(notes, "said"), "utf8")).toBe("");
    await writeFile(join(notes, "go"), "");
    expect(await code).toBe(0);
    await release.stop();
  });

  it("is not brought from a cache that belongs to somebody else", async () => {
    bench = await openListenerBench("exit 0", user);
    const install = await openInstallBench();
    install.release.publish("2.338.0");
    await mkdir(install.root, { recursive: true });
    await chown(install.root, user.uid, user.gid);
    await expect(install.install()).rejects.toMatchObject({ reason: "misconfigured" });
    await rm(dirname(install.root), { recursive: true });
    await install.close();
  });
};

describe("a listener with a user of its own", () => {
  if (asRoot) asRootTests();

  it("is brought by the agent's own user from a cache closed to all others", async () => {
    bench = await openListenerBench();
    const release = new FakeReleaseServer();
    await release.start();
    release.publish("2.338.0");
    const runner = { version: "2.338.0", releasesUrl: release.url };
    expect(await bench.listen({ orders: { runner }, boot: { cacheDir: bench.note("cache") } })).toBe(0);
    await release.stop();
    expect(bench.server.finished).toMatchObject({ exitCode: 0, reason: null });
    expect(existsSync(bench.note("cache"))).toBe(true);
  });

  it("is misconfigured, and the server hears why, when the release cannot be had", async () => {
    bench = await openListenerBench();
    const release = new FakeReleaseServer();
    await release.start();
    const runner = { version: "2.1.0", releasesUrl: release.url };
    await bench.listen({ orders: { runner } });
    await release.stop();
    expect(bench.types()).toEqual(["finished"]);
    expect(bench.server.finished).toMatchObject({
      reason: "misconfigured",
      detail: expect.stringContaining("releases/tags/v2.1.0 is not there"),
    });
  });
});
