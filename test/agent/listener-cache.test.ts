import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { day, hour, openInstallBench } from "./install-bench";
import type { InstallBench } from "./install-bench";
import { FakeReleaseServer, platform } from "./release-server";

let bench: InstallBench;
beforeEach(async () => {
  bench = await openInstallBench();
});
afterEach(() => bench.close());

describe("many agents of one machine", () => {
  it("download a version once, however many want it at the same moment", async () => {
    bench.release.publish("2.338.0");
    const found = await Promise.all(Array.from({ length: 6 }, () => bench.install()));
    expect(new Set(found)).toEqual(new Set([bench.folderOf("2.338.0")]));
    expect(bench.release.count("/download/")).toBe(1);
    expect(bench.kept()).toEqual([`2.338.0-${platform}`]);
  });

  it("do not wait for one that died in the middle of it", async () => {
    const dead = Number(execFileSync("sh", ["-c", "echo $$"], { encoding: "utf8" }));
    bench.release.publish("2.338.0");
    await bench.install();
    const owner = JSON.parse(await lockOfOurs()) as object;
    await writeFile(join(bench.root, ".lock"), JSON.stringify({ ...owner, pid: dead }));
    bench.release.publish("2.339.0");
    expect(await bench.install("2.339.0")).toBe(bench.folderOf("2.339.0"));
    expect(existsSync(join(bench.root, ".lock"))).toBe(false);
  });

  it.each(["", "{", JSON.stringify({ host: "another", space: "x", pid: 1 })])(
    "do not wait for ever for one that cannot be asked: %j",
    async (lock) => {
      await mkdir(bench.root, { recursive: true });
      await writeFile(join(bench.root, ".lock"), lock);
      bench.release.publish("2.338.0");
      expect(await bench.install("latest", { install: { lockSilenceMs: 200 } })).toBe(bench.folderOf("2.338.0"));
    },
  );

  it("wait for one that shows it lives, also where its process cannot be seen", async () => {
    await mkdir(bench.root, { recursive: true });
    const lock = join(bench.root, ".lock");
    await writeFile(lock, JSON.stringify({ host: "another", space: "x", pid: 1 }));
    let touched = 0;
    const beat = setInterval(() => void utimes(lock, (touched += 1), touched), 20);
    bench.release.publish("2.338.0");
    const stop = new AbortController();
    const installing = bench.install("latest", { install: { lockSilenceMs: 200 }, signal: stop.signal });
    const outcome = installing.catch(() => "still waiting");
    setTimeout(() => stop.abort(), 600);
    expect(await outcome).toBe("still waiting");
    clearInterval(beat);
    expect(bench.release.asked).toEqual([]);
  });

  async function lockOfOurs(): Promise<string> {
    bench.release.publish("2.337.0");
    bench.release.plan("/download/", "hang");
    const stop = new AbortController();
    const installing = bench.install("2.337.0", { signal: stop.signal });
    while (bench.release.count("/download/2.337.0") === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const text = await readFile(join(bench.root, ".lock"), "utf8");
    stop.abort();
    await installing.catch(() => undefined);
    return text;
  }
});

describe("the latest version", () => {
  it("is asked for again after an hour, and the new one is used from then on", async () => {
    bench.release.publish("2.338.0");
    await bench.install();
    bench.release.publish("2.339.0");
    bench.time += hour - 1_000;
    expect(await bench.install()).toBe(bench.folderOf("2.338.0"));
    bench.time += 2_000;
    expect(await bench.install()).toBe(bench.folderOf("2.339.0"));
  });

  it.each<[string, () => Promise<void> | void]>([
    ["is away", () => bench.release.stop()],
    ["never answers", () => bench.release.plan("latest", "hang")],
    ["says nonsense", () => bench.release.plan("latest", { status: 200 })],
    ["does not hand out the new one", () => bench.release.plan("/download/2.339.0", ...Array<"cut">(4).fill("cut"))],
  ])("is the one before when the release server %s, and nobody asks again for some minutes", async (_, spoil) => {
    bench.release.publish("2.338.0");
    await bench.install();
    bench.release.publish("2.339.0");
    bench.time += 2 * hour;
    await spoil();
    expect(await bench.install("latest", { install: { refreshMs: 50 } })).toBe(bench.folderOf("2.338.0"));
    expect(bench.logLines.join("")).toContain("the latest runner cannot be had; the one before is used");
    const asked = bench.release.asked.length;
    expect(await bench.install()).toBe(bench.folderOf("2.338.0"));
    expect(bench.release.asked.length).toBe(asked);
  });

  it("comes as soon as the release server is back and the pause is over", async () => {
    bench.release.publish("2.338.0");
    await bench.install();
    await bench.release.stop();
    bench.time += 2 * hour;
    await bench.install();
    await bench.release.start();
    bench.release.publish("2.339.0");
    bench.time += 6 * 60_000;
    expect(await bench.install()).toBe(bench.folderOf("2.339.0"));
  });

  it("is not believed when a clock that was wrong noted it for a time to come", async () => {
    bench.release.publish("2.338.0");
    bench.time += 365 * day;
    await bench.install();
    bench.time -= 365 * day;
    bench.release.publish("2.339.0");
    expect(await bench.install()).toBe(bench.folderOf("2.339.0"));
  });

  it("is not taken from what another release server said", async () => {
    bench.release.publish("2.338.0");
    await bench.install();
    const server = new FakeReleaseServer();
    await server.start();
    server.publish("2.400.0");
    const found = await bench.install("latest", { releasesUrl: server.url });
    await server.stop();
    expect(found).toBe(bench.folderOf("2.400.0"));
  });

  it.each(["", "{}", '{"version":"../../etc"}'])("is asked for when the note about it is %j", async (text) => {
    bench.release.publish("2.338.0");
    await bench.install();
    await writeFile(join(bench.root, `latest-${platform}.json`), text);
    expect(await bench.install()).toBe(bench.folderOf("2.338.0"));
    expect(bench.release.count("latest")).toBe(2);
  });
});

describe("what is kept", () => {
  it("loses versions that nobody used for 30 days, and keeps those in use", async () => {
    for (const version of ["2.336.0", "2.337.0"]) {
      bench.release.publish(version);
      await bench.install(version);
    }
    bench.time += 20 * day;
    await bench.install("2.337.0");
    bench.time += 11 * day;
    bench.release.publish("2.338.0");
    await bench.install("2.338.0");
    expect(bench.kept()).toEqual([`2.337.0-${platform}`, `2.338.0-${platform}`]);
  });

  it("loses what a crash left behind, but not what somebody may be working on", async () => {
    await mkdir(join(bench.root, ".part-old", "bin"), { recursive: true });
    await mkdir(join(bench.root, ".part-new"));
    await writeFile(join(bench.root, "notes of the user"), "");
    await utimes(join(bench.root, ".part-old"), bench.time / 1000 - 7_200, bench.time / 1000 - 7_200);
    await utimes(join(bench.root, "notes of the user"), 1, 1);
    bench.release.publish("2.338.0");
    await bench.install();
    expect(bench.kept()).toEqual([".part-new", `2.338.0-${platform}`, "notes of the user"]);
  });

  it("is installed anew when half of it was removed", async () => {
    bench.release.publish("2.338.0");
    await bench.install();
    await rm(join(bench.folderOf("2.338.0"), "bin"), { recursive: true });
    expect(await bench.install()).toBe(bench.folderOf("2.338.0"));
    expect(existsSync(join(bench.folderOf("2.338.0"), "bin", "Runner.Listener"))).toBe(true);
  });
});
