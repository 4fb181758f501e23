import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { bundleOf } from "../fixtures/tar-bytes";
import type { RawEntry } from "../fixtures/tar-bytes";
import { openInstallBench } from "./install-bench";
import type { InstallBench } from "./install-bench";
import { platform, runnerArchive, sha256 } from "./release-server";

let bench: InstallBench;
beforeEach(async () => {
  bench = await openInstallBench();
});
afterEach(() => bench.close());

const misconfigured = (detail: RegExp): object => ({ reason: "misconfigured", message: expect.stringMatching(detail) });

describe("installing GitHub's runner", () => {
  it("brings the latest release into a folder of its own, and asks nobody for the next job", async () => {
    bench.release.publish("2.338.0");
    expect(await bench.install()).toBe(bench.folderOf("2.338.0"));
    expect(execFileSync(join(bench.folderOf("2.338.0"), "bin", "Runner.Listener"), { encoding: "utf8" })).toBe(
      "2.338.0\n",
    );
    expect(readFileSync(join(bench.folderOf("2.338.0"), "externals", "node20", "bin", "npm"), "utf8")).toBe("//");
    expect(await bench.install()).toBe(bench.folderOf("2.338.0"));
    expect(bench.release.asked.length).toBe(2);
    expect(bench.kept()).toEqual([`2.338.0-${platform}`]);
  });

  it("brings the very version that is asked for, also from behind a redirect", async () => {
    bench.release.publish("2.337.1");
    bench.release.publish("2.338.0");
    bench.release.plan(
      "/download/",
      { status: 302, location: "/download/2.337.1?from=mirror" },
      { status: 307, location: "/download/2.337.1" },
    );
    expect(await bench.install("2.337.1")).toBe(bench.folderOf("2.337.1"));
    expect(bench.release.asked[0]).toBe("/repos/actions/runner/releases/tags/v2.337.1");
  });

  it("keeps it in the machine itself where nothing outlives the machine", async () => {
    bench.release.publish("2.338.0");
    const found = await bench.install("latest", { cached: false });
    expect(found).toBe(join(bench.folder, "state", "actions-runner", `2.338.0-${platform}`));
  });

  it("closes its folder to everybody else", async () => {
    bench.release.publish("2.338.0");
    await bench.install();
    expect(statSync(bench.root).mode & 0o777).toBe(0o700);
  });

  it("takes the digest from the release's text where the file says none", async () => {
    const archive = runnerArchive("2.330.0");
    const mark = (edge: string): string => `<!-- ${edge} SHA ${platform} -->`;
    const body = `<!-- BEGIN SHA other-x64 -->${"0".repeat(64)}<!-- END SHA other-x64 -->\n${mark("BEGIN")}${sha256(archive)}${mark("END")}`;
    bench.release.publish("2.330.0", { archive, digest: null, body });
    expect(await bench.install()).toBe(bench.folderOf("2.330.0"));
  });

  it("tries again when the connection breaks, the server stumbles, or only half of it comes", async () => {
    bench.release.publish("2.338.0");
    bench.release.plan("latest", "drop", { status: 503 });
    bench.release.plan("/download/", "cut", "short");
    expect(await bench.install()).toBe(bench.folderOf("2.338.0"));
    expect(bench.release.count("/download/")).toBe(3);
  });

  it("is given up at once when the machine is to stop", async () => {
    bench.release.publish("2.338.0");
    bench.release.plan("/download/", "hang");
    const stop = new AbortController();
    const installing = bench.install("latest", { signal: stop.signal });
    while (bench.release.count("/download/") === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort();
    await expect(installing).rejects.toMatchObject({ name: "AbortError" });
    expect(bench.kept()).toEqual([]);
  });
});

describe("a release that is refused", () => {
  const archive = runnerArchive("2.338.0");
  it.each<[string, () => void, RegExp]>([
    [
      "does not exist",
      () => bench.release.publish("1.0.0"),
      /tags\/v2\.338\.0 is not there; check sources\[\]\.runner/,
    ],
    [
      "has another digest than its file",
      () => bench.release.publish("2.338.0", { archive, digest: `sha256:${"a".repeat(64)}` }),
      /its SHA-256 is [0-9a-f]{64} and not a{64}/,
    ],
    ["gives no digest at all", () => bench.release.publish("2.338.0", { archive, digest: null }), /gives no SHA-256/],
    [
      "gives a digest of another kind",
      () => bench.release.publish("2.338.0", { archive, digest: "md5:00" }),
      /gives no SHA-256/,
    ],
    [
      "has no file for this machine",
      () => bench.release.publish("2.338.0", { archive, assetName: "x.zip" }),
      /has no file actions-runner/,
    ],
    [
      "is larger than announced",
      () => bench.release.publish("2.338.0", { archive, size: 10 }),
      /larger than the 10 bytes/,
    ],
    [
      "has a file that is gone",
      () => bench.release.publish("2.338.0", { archive, url: `${bench.release.url}/download/9` }),
      /is not there/,
    ],
    ["leads nowhere", () => bench.release.publish("2.338.0", { archive, url: "nowhere" }), /gives no address/],
    [
      "leads out of the web",
      () => bench.release.publish("2.338.0", { archive, url: "file:///etc/passwd" }),
      /is not https/,
    ],
  ])("leaves nothing and is misconfigured, not tried again, when it %s", async (_, publish, detail) => {
    publish();
    await expect(bench.install("2.338.0")).rejects.toMatchObject(misconfigured(detail));
    expect(bench.kept()).toEqual([]);
    expect(new Set(bench.release.asked).size).toBe(bench.release.asked.length);
  });

  it("is one of a server that answers something else", async () => {
    bench.release.publish("2.338.0");
    bench.release.plan("latest", { status: 200 });
    await expect(bench.install()).rejects.toMatchObject(misconfigured(/describes no release/));
  });

  it.each<[string, readonly RawEntry[], RegExp]>([
    ["climbs out", [{ path: "../out", content: "x" }], /has "\.\." in its path/],
    ["is absolute", [{ path: "/tmp/out", content: "x" }], /is absolute/],
    ["links out", [{ path: "out", type: "2", linkpath: "../../out" }], /leaves the folder/],
    ["links to a whole path", [{ path: "out", type: "2", linkpath: "/etc/passwd" }], /is absolute/],
    [
      "writes through a link",
      [
        { path: "a", type: "2", linkpath: "b" },
        { path: "a/out", content: "x" },
      ],
      /passes through the link/,
    ],
    ["links hard to something outside", [{ path: "out", type: "1", linkpath: "../../out" }], /leaves the folder/],
    ["brings a device", [{ path: "out", type: "3" }], /only files, folders and links/],
    ["brings no listener", [{ path: "bin/other", content: "x" }], /bin\/Runner\.Listener is not there/],
    ["brings a listener that cannot be run", [{ path: "bin/Runner.Listener", content: "x" }], /is not executable/],
  ])("leaves nothing, inside or outside, when its archive %s", async (_, entries, detail) => {
    bench.release.publish("2.338.0", { archive: bundleOf(...entries) });
    await expect(bench.install("2.338.0")).rejects.toMatchObject(misconfigured(detail));
    expect(bench.kept()).toEqual([]);
    expect(readdirSync(bench.folder)).toEqual(["cache"]);
    expect(existsSync("/tmp/out")).toBe(false);
  });

  it("is one whose file is no archive", async () => {
    bench.release.publish("2.338.0", { archive: Buffer.from("<html>") });
    await expect(bench.install("2.338.0")).rejects.toMatchObject(misconfigured(/not a gzip file/));
  });

  it("is no longer refused once it was mended", async () => {
    bench.release.publish("2.338.0", { archive: Buffer.from("<html>") });
    await expect(bench.install("2.338.0")).rejects.toThrow();
    bench.release.publish("2.338.0");
    expect(await bench.install("2.338.0")).toBe(bench.folderOf("2.338.0"));
  });
});

describe("a release server that does not serve", () => {
  it.each<[string, () => Promise<void> | void]>([
    ["is not there", () => bench.release.stop()],
    ["breaks every download", () => bench.release.plan("/download/", "cut", "cut", "cut", "cut")],
    ["sends half each time", () => bench.release.plan("/download/", "short", "short", "short", "short")],
    [
      "refuses for being asked too often",
      () => bench.release.plan("latest", ...Array<{ status: number }>(4).fill({ status: 403 })),
    ],
    [
      "redirects without end",
      () =>
        bench.release.plan(
          "latest",
          ...Array<{ status: number; location: string }>(24).fill({ status: 302, location: "latest" }),
        ),
    ],
  ])("is a reason to try another time, not a mistake of the user, when it %s", async (_, spoil) => {
    bench.release.publish("2.338.0");
    await spoil();
    await expect(bench.install()).rejects.toMatchObject({ reason: "boot-failing" });
    expect(bench.kept()).toEqual([]);
  });
});
