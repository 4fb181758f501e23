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

describe("the cross checks", () => {
  const two = (a: object, b: object): unknown => ({
    version: 1,
    profiles: [
      { name: "a", ...a },
      { name: "b", ...b },
    ],
  });

  it.each([
    ["two profiles of one name", two({ name: "x", labels: ["a"] }, { name: "x", labels: ["b"] }), "profiles[1].name"],
    ["names that differ in case only", two({ labels: ["a"] }, { name: "A", labels: ["b"] }), "profiles[1].name"],
    ["a name every object has", withProfile({ name: "constructor" }), "profiles[0].name"],
    ["equal labels", two({ labels: ["x", "y"] }, { labels: ["y", "x"] }), "profiles[1].labels"],
    ["equal labels case aside", two({ labels: ["x", "y"] }, { labels: ["Y", "X"] }), "profiles[1].labels"],
    ["no labels twice", two({}, {}), "profiles[1].labels"],
    ["no labels and the same", two({}, { labels: ["X64", "linux", "self-hosted"] }), "profiles[1].labels"],
    ["equal labels and default priority", two({ labels: ["x"] }, { labels: ["x"], priority: 0 }), "profiles[1].labels"],
    ["a label twice", withProfile({ labels: ["x", "y", "X"] }), "profiles[0].labels[2]"],
    ["an absent default profile", { ...Object(withProfile({})), defaultProfile: "smal" }, "defaultProfile"],
    ["an absent default among the built in", { version: 1, defaultProfile: "small" }, "defaultProfile"],
    ["an api source of another name", { version: 1, sources: [{ name: "x", kind: "api" }] }, "sources[0].name"],
  ])("refuses %s", (_, raw, path) => {
    expect(problemsOf(raw).map((problem) => problem.path)).toEqual([path]);
  });

  it("names the profiles there are in a few words, however many there are and whatever they are called", () => {
    const names = ["a".repeat(70_000), "line\nbreak", ...Array.from({ length: 5_000 }, (_, at) => `p${at}`)];
    const raw = { version: 1, defaultProfile: "absent", profiles: names.map((name) => ({ name, labels: [name] })) };
    const fix = problemsOf(raw).find(({ path }) => path === "defaultProfile")?.fix ?? "";
    expect(fix).toContain('"line\\nbreak", p0, p1, ');
    expect(fix.length).toBeLessThan(300);
  });

  it("refuses two sources of one name", () => {
    const api = { name: "api", kind: "api" };
    expect(problemsOf({ version: 1, sources: [api, api] })).toEqual([
      { path: "sources[1].name", what: '"api" is taken by sources[0], case aside', fix: "give each its own name" },
    ]);
  });

  it("refuses the name api for a source of another kind", () => {
    const paths = problemsOf({ version: 1, sources: [{ name: "api", kind: "git" }] }).map(({ path }) => path);
    expect(paths).toEqual(["sources[0].kind", "sources[0].name"]);
  });

  it.each([
    ["equal labels of different priority", two({ labels: ["x"] }, { labels: ["x"], priority: 1 })],
    ["labels that contain each other", two({ labels: ["x"] }, { labels: ["x", "y"] })],
    ["the built-in profile as default", { version: 1, defaultProfile: "default" }],
    ["no sources at all", { version: 1, sources: [] }],
  ])("accepts %s", (_, raw) => {
    expect(problemsOf(raw)).toEqual([]);
  });
});
