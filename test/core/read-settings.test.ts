import fc from "fast-check";
import { builtInSettings, readSettings } from "../../runtime/core/read-settings";
import type { Problem } from "../../runtime/core/read-settings";
import type { Settings } from "../../runtime/core/settings";

const machine = { os: "linux", arch: "x64" };

function settingsOf(raw: unknown): Settings {
  const result = readSettings(raw, machine);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.settings;
}

function problemsOf(raw: unknown): readonly Problem[] {
  const result = readSettings(raw, machine);
  return result.ok ? [] : result.problems;
}

function pathsOf(raw: unknown): string[] {
  return problemsOf(raw)
    .map(({ path }) => path)
    .sort();
}

describe("readSettings", () => {
  it("fills in every default when only the version is given", () => {
    expect(settingsOf({ version: 1 })).toEqual({
      server: { listen: "127.0.0.1:7433", maxRunners: 8, maxWebhookBytes: 1_048_576 },
      defaultProfile: null,
      sources: [{ name: "api", kind: "api" }],
      profiles: [
        {
          name: "default",
          labels: ["self-hosted", "linux", "x64"],
          compute: { kind: "process", firstUid: 60_600 },
          limits: { maxRunners: 8, memoryMiB: null, cpus: null },
          timeouts: {
            bootMs: 30_000,
            idleMs: 300_000,
            jobMs: 23_400_000,
            queuedMs: 86_400_000,
            waitingMs: 2_592_000_000,
          },
          priority: 0,
        },
      ],
      sweep: { intervalMs: 5_000 },
      lease: { durationMs: 30_000 },
      retention: { finishedMs: 604_800_000, logsMiB: 1_024 },
    });
  });

  it("gives without a file what a file with nothing but the version gives", () => {
    expect(builtInSettings(machine)).toEqual(settingsOf({ version: 1 }));
  });

  it("keeps every value that is given", () => {
    const settings = settingsOf({
      version: 1,
      server: { listen: "[::1]:0", maxRunners: 3, maxWebhookBytes: 2_000 },
      defaultProfile: "small",
      sources: [{ name: "api", kind: "api" }],
      profiles: [
        {
          name: "small",
          labels: ["Linux", "fast"],
          compute: { kind: "process", firstUid: 5_000 },
          limits: { maxRunners: 2, memoryMiB: 512, cpus: 0.5 },
          timeouts: { boot: "1s", idle: "2 minutes", job: "5d", queued: "3h", waiting: "4d" },
          priority: -7,
        },
        { name: "other" },
      ],
      sweep: { interval: "1s" },
      lease: { duration: "10s" },
      retention: { finished: "1h", logsMiB: 5 },
    });
    expect(settings).toMatchObject({
      server: { listen: "[::1]:0", maxRunners: 3, maxWebhookBytes: 2_000 },
      defaultProfile: "small",
      sources: [{ name: "api", kind: "api" }],
      sweep: { intervalMs: 1_000 },
      lease: { durationMs: 10_000 },
      retention: { finishedMs: 3_600_000, logsMiB: 5 },
    });
    expect(settings.profiles[0]).toEqual({
      name: "small",
      labels: ["Linux", "fast"],
      compute: { kind: "process", firstUid: 5_000 },
      limits: { maxRunners: 2, memoryMiB: 512, cpus: 0.5 },
      timeouts: { bootMs: 1_000, idleMs: 120_000, jobMs: 432_000_000, queuedMs: 10_800_000, waitingMs: 345_600_000 },
      priority: -7,
    });
    expect(settings.profiles[1]?.labels).toEqual(["self-hosted", "linux", "x64"]);
  });

  it.each([
    ["linux", "x64", ["self-hosted", "linux", "x64"]],
    ["darwin", "arm64", ["self-hosted", "macos", "arm64"]],
    ["win32", "x64", ["self-hosted", "windows", "x64"]],
    ["macos", "ARM64", ["self-hosted", "macos", "arm64"]],
  ])("labels a machine with %s and %s in GitHub's words", (os, arch, labels) => {
    expect(builtInSettings({ os, arch }).profiles[0]?.labels).toEqual(labels);
  });

  it("does not change what it reads", () => {
    const raw = { version: 1, sources: [], profiles: [{ name: "small" }] };
    const before = structuredClone(raw);
    settingsOf(raw);
    expect(raw).toEqual(before);
  });

  it("tells six mistakes of different kinds at once, each at its path", () => {
    const raw = {
      version: 1,
      server: { maxRunner: 4 },
      defaultProfile: "larg",
      profiles: [
        { name: "small", labels: ["linux"] },
        { name: "large", labels: ["linux", "big"], limits: { maxRunners: 5_000 }, timeouts: { idle: "1.5 minutes" } },
        { name: "small", labels: ["LINUX"] },
      ],
    };
    expect(pathsOf(raw)).toEqual([
      "defaultProfile",
      "profiles[1].limits.maxRunners",
      "profiles[1].timeouts.idle",
      "profiles[2].labels",
      "profiles[2].name",
      "server.maxRunner",
    ]);
  });

  it.each([
    [undefined, "is empty"],
    [null, "is empty"],
    ["hello", 'must be keys and values, not "hello"'],
    [7, "must be keys and values, not 7"],
    [[{ version: 1 }], "must be keys and values, not a list"],
  ])("finds one problem in a file that is %j", (raw, what) => {
    expect(problemsOf(raw)).toEqual([{ path: "", what, fix: expect.stringContaining("version: 1") }]);
  });
});

describe("readSettings, whatever it is given,", () => {
  it("answers settings or at least one complete problem, and never throws", () => {
    const words = [
      "version",
      "server",
      "profiles",
      "sources",
      "name",
      "labels",
      "limits",
      "timeouts",
      "kind",
      "__proto__",
    ];
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom<unknown>(1, 0, -1, null, true, "", "x", "api", "5s", Number.NaN),
        fc.array(tie("tree"), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom(...words), tie("tree"), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(tree, (raw) => {
        const result = readSettings(raw, machine);
        const complete = result.ok || result.problems.every(({ what, fix }) => what !== "" && fix !== "");
        expect(complete && (result.ok || result.problems.length > 0)).toBe(true);
      }),
    );
  });
});
