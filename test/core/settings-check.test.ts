import { readSettings } from "../../runtime/core/read-settings";
import type { Problem } from "../../runtime/core/read-settings";

function problemsOf(raw: unknown): readonly Problem[] {
  const result = readSettings(raw, { os: "linux", arch: "x64" });
  return result.ok ? [] : result.problems;
}

/** A file with one profile that says only this. */
function withProfile(profile: object): unknown {
  return { version: 1, profiles: [{ name: "small", ...profile }] };
}

const mistakes: [raw: unknown, path: string, what: string, fix: string][] = [
  [{}, "version", "is missing", "add version: 1"],
  [{ version: 2 }, "version", "must be 1, not 2", "write version: 1"],
  [{ version: "1" }, "version", 'must be 1, not "1"', "write version: 1"],
  [{ version: 1, nonsense: 1 }, "nonsense", 'there is no key "nonsense" here', "remove it; known here: version, "],
  [{ version: 1, profile: [] }, "profile", 'there is no key "profile" here', 'did you mean "profiles"?'],
  [{ version: 1, "a b": 1 }, '["a b"]', 'there is no key "a b" here', "remove it"],
  [{ version: 1, server: null }, "server", "has no value", "write e.g. server: { listen:"],
  [{ version: 1, server: { listen: 7433 } }, "server.listen", "must be text (`host:port`", 'listen: "127.0.0.1:7433"'],
  [{ version: 1, server: { listen: "7433" } }, "server.listen", 'not "7433"', 'listen: "127.0.0.1:7433"'],
  [{ version: 1, server: { maxRunners: 0 } }, "server.maxRunners", "(1 to 1000), not 0", "maxRunners: 8"],
  [{ version: 1, server: { maxRunners: "4" } }, "server.maxRunners", 'not "4"', "without quotes: maxRunners: 4"],
  [{ version: 1, sources: {} }, "sources", "must be a list of 0 to 100 entries, not a group", "sources: [{ name: api"],
  [{ version: 1, sources: ["api"] }, "sources[0]", 'not "api"', "write e.g. { name: api, kind: api }"],
  [{ version: 1, sources: [{ name: "api" }] }, "sources[0].kind", "is missing", "add kind: api"],
  [{ version: 1, sources: [{ name: "gh", kind: "git" }] }, "sources[0].kind", 'no kind "git"', "write one of: api"],
  [{ version: 1, sources: [{ kind: "api" }] }, "sources[0].name", "is missing", "add name: api"],
  [{ version: 1, profiles: [] }, "profiles", "must be a list of 1 to 100 entries", "profiles: [{ name: small }]"],
  [{ version: 1, profiles: [{}] }, "profiles[0].name", "is missing", "add name: small"],
  [{ version: 1, profiles: [{ name: "a/b" }] }, "profiles[0].name", 'not "a/b"', "name: small"],
  [{ version: 1, profiles: [{ name: "x".repeat(65) }] }, "profiles[0].name", "at most 64 characters", "name: small"],
  [withProfile({ maxRunners: 3 }), "profiles[0].maxRunners", "no key", "it belongs at profiles[].limits.maxRunners"],
  [withProfile({ labels: "linux" }), "profiles[0].labels", 'not "linux"', "labels: [linux]"],
  [withProfile({ labels: [] }), "profiles[0].labels", "a list of 1 to 20 entries", "labels: [linux]"],
  [withProfile({ labels: ["a,b"] }), "profiles[0].labels[0]", 'not "a,b"', "write e.g. linux"],
  [withProfile({ labels: ["a b"] }), "profiles[0].labels[0]", "no white space", "write e.g. linux"],
  [withProfile({ labels: [""] }), "profiles[0].labels[0]", "1 to 100 characters", "write e.g. linux"],
  [withProfile({ labels: ["x".repeat(101)] }), "profiles[0].labels[0]", "1 to 100 characters", "write e.g. linux"],
  [withProfile({ labels: [22] }), "profiles[0].labels[0]", "not 22", 'put it in quotes: "22"'],
  [withProfile({ compute: "process" }), "profiles[0].compute", 'not "process"', "compute: { kind: process }"],
  [withProfile({ compute: { kind: "proces" } }), "profiles[0].compute.kind", "no kind", 'did you mean "process"?'],
  [withProfile({ compute: { kind: "process", image: "x" } }), "profiles[0].compute.image", "no key", "of kind docker"],
  [withProfile({ limits: { cpus: Number.NaN } }), "profiles[0].limits.cpus", "not NaN", "cpus: 2"],
  [withProfile({ limits: { memoryMiB: 1.5 } }), "profiles[0].limits.memoryMiB", "a whole number", "memoryMiB: 2048"],
  [withProfile({ timeouts: { idle: 60 } }), "profiles[0].timeouts.idle", "must be a duration", "idle: 5m"],
  [withProfile({ timeouts: { job: "6d" } }), "profiles[0].timeouts.job", '(1s to 5d), not "6d"', "job: 6h30m"],
  [withProfile({ priority: 0.5 }), "profiles[0].priority", "must be a whole number", "priority: 0"],
  [{ version: 1, sweep: { interval: "999ms" } }, "sweep.interval", '(1s to 1h), not "999ms"', "interval: 5s"],
  [{ version: 1, retention: { logsMiB: true } }, "retention.logsMiB", "not true", "logsMiB: 1024"],
];

describe("a mistake in the settings", () => {
  it.each(mistakes.map(([raw, ...said]) => [said, raw] as const))("is told as %j", ([path, what, fix], raw) => {
    const problems = problemsOf(raw);
    expect(problems.map((problem) => problem.path)).toEqual([path]);
    expect(problems[0]?.what).toContain(what);
    expect(problems[0]?.fix).toContain(fix);
  });

  it("cuts a long value short in what it says", () => {
    const [problem] = problemsOf(withProfile({ priority: "x".repeat(500) }));
    expect(problem?.what.length).toBeLessThan(150);
  });
});
