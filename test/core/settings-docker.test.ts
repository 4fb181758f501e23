import { readSettings } from "../../runtime/core/read-settings";
import type { Problem } from "../../runtime/core/read-settings";
import type { ProfileSettings } from "../../runtime/core/settings";

const machine = { os: "linux", arch: "x64" };

function withCompute(compute: object, profile: object = {}): unknown {
  return { version: 1, profiles: [{ name: "small", compute: { kind: "docker", ...compute }, ...profile }] };
}

function problemsOf(raw: unknown): readonly Problem[] {
  const result = readSettings(raw, machine);
  return result.ok ? [] : result.problems;
}

function profileOf(raw: unknown): ProfileSettings | undefined {
  const result = readSettings(raw, machine);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.settings.profiles[0];
}

describe("compute of kind docker", () => {
  it("needs an image and has every other default filled in", () => {
    expect(profileOf(withCompute({ image: "debian:12" }))?.compute).toEqual({
      kind: "docker",
      image: "debian:12",
      socket: null,
      pull: "missing",
      registry: null,
      network: null,
      user: null,
      serverUrl: null,
    });
  });

  it("keeps every value that is given", () => {
    const given = {
      image: "registry.example.org:5000/ci/build:1.2",
      socket: "/run/user/1000/podman/podman.sock",
      pull: "always",
      registry: { username: "ci", password: { file: "./password" } },
      network: "ci",
      user: "1000:1000",
      serverUrl: "http://host.docker.internal:7433/",
    };
    const serverUrl = "http://host.docker.internal:7433";
    expect(profileOf(withCompute(given))?.compute).toEqual({ kind: "docker", ...given, serverUrl });
  });

  it.each([
    ["docker", 120_000, withCompute({ image: "x" })],
    ["docker, where it is given", 5_000, withCompute({ image: "x" }, { timeouts: { boot: "5s" } })],
    ["process", 30_000, { version: 1, profiles: [{ name: "x", compute: { kind: "process" } }] }],
  ])("gives a machine the time to boot that its kind needs: %s %d ms", (_, bootMs, raw) => {
    expect(profileOf(raw)?.timeouts.bootMs).toBe(bootMs);
  });

  it.each([
    "debian",
    "debian:12",
    "library/debian",
    "ghcr.io/acme/build-image:v1.2_x",
    "localhost:5000/x/y/z",
    "localhost/onejob-test:latest",
    "[::1]:5000/x",
    `debian@sha256:${"a".repeat(64)}`,
    `debian:12@sha256:${"0".repeat(64)}`,
    `sha256:${"0".repeat(64)}`,
  ])("runs the image %s", (image) => {
    expect(problemsOf(withCompute({ image }))).toEqual([]);
  });

  it.each([
    "",
    "Debian",
    "a b",
    "-x",
    "x:",
    "x@sha256:123",
    "docker://debian",
    "https://ghcr.io/x",
    "../x",
    "x".repeat(513),
    `${"a-".repeat(200)}!`,
  ])("does not take %.30j for an image", (image) => {
    expect(problemsOf(withCompute({ image })).map(({ path }) => path)).toEqual(["profiles[0].compute.image"]);
  });

  const mistakes: [compute: object, path: string, what: string, fix: string][] = [
    [{}, "image", "is missing", 'add image: "debian:12"'],
    [{ image: 12 }, "image", "not 12", 'put it in quotes: image: "12"'],
    [{ image: "x", socket: "unix:///run/x.sock" }, "socket", "without `unix://`", "socket: /var/run/docker.sock"],
    [{ image: "x", pull: "newest" }, "pull", 'one of missing, always, never, not "newest"', "pull: missing"],
    [{ image: "x", registry: { username: "ci" } }, "registry.password", "is missing", "{ env: REGISTRY_PASSWORD }"],
    [{ image: "x", registry: {} }, "registry.username", "is missing", "add username: ci"],
    [{ image: "x", network: "host:x" }, "network", "name of a network", "network: ci"],
    [{ image: "x", user: 1000 }, "user", "not 1000", 'put it in quotes: user: "1000"'],
    [{ image: "x", user: "root" }, "user", "numbers in quotes", "1000:1000"],
    [{ image: "x", serverUrl: "host:7433" }, "serverUrl", "with a host and no path", "http://host.docker.internal"],
    [{ image: "x", firstUid: 5000 }, "firstUid", "no key", "profiles[].compute.firstUid of kind process"],
  ];
  it.each(mistakes.map(([compute, ...said]) => [compute, said] as const))(
    "tells what is wrong with %j",
    (compute, said) => {
      const [path, what, fix] = said;
      const [problem] = problemsOf(withCompute(compute));
      expect(problem?.path).toBe(`profiles[0].compute.${path}`);
      expect(problem?.what).toContain(what);
      expect(problem?.fix).toContain(fix);
    },
  );

  const secret = "hunter2";
  it.each([
    { registry: secret },
    { registry: { username: "ci", password: secret } },
    { registry: { username: "ci", [secret]: 1, password: { env: "P" } } },
    { serverUrl: `http://user:${secret}@host` },
  ])("never repeats a secret that stands in the file: %j", (compute) => {
    const problems = problemsOf(withCompute({ image: "x", ...compute }));
    expect(problems.length).toBeGreaterThan(0);
    expect(JSON.stringify(problems)).not.toContain(secret);
  });
});
