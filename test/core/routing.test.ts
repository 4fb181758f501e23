import fc from "fast-check";
import { builtInSettings } from "../../runtime/core/read-settings";
import { explainRoutes, fittingProfiles, route, routeJob } from "../../runtime/core/routing";
import type { RoutableProfile } from "../../runtime/core/routing";
import type { ProfileSettings } from "../../runtime/core/settings";

function profile(name: string, labels: readonly string[], priority = 0): RoutableProfile {
  return { name, labels, priority };
}

const small = profile("small", ["self-hosted", "linux", "x64"]);
const large = profile("large", ["self-hosted", "linux", "x64", "large"]);
const gpu = profile("gpu", ["self-hosted", "linux", "x64", "gpu"]);
const fleet = [large, gpu, small];

describe("route", () => {
  it.each([
    [["self-hosted", "linux"], "small"],
    [["linux", "large"], "large"],
    [["LINUX", "Gpu"], "gpu"],
    [["self-hosted", "linux", "x64", "linux"], "small"],
  ])("sends %j to %s, the fitting profile with the fewest further labels", (labels, name) => {
    expect(route(labels, fleet)).toMatchObject({ kind: "profile", profile: { name } });
  });

  it("prefers the higher priority among equally many further labels", () => {
    const result = route(["linux"], [profile("a", ["linux", "x"], 1), profile("b", ["linux", "y"], 2)]);
    expect(result).toMatchObject({ profile: { name: "b" } });
  });

  it("prefers fewer further labels over a higher priority", () => {
    const result = route(["linux"], [profile("a", ["linux"], -5), profile("b", ["linux", "y"], 5)]);
    expect(result).toMatchObject({ profile: { name: "a" } });
  });

  it("falls back to the order of names", () => {
    const result = route(["linux"], [profile("b", ["linux", "x"]), profile("a", ["linux", "y"])]);
    expect(result).toMatchObject({ profile: { name: "a" } });
  });

  it("names the nearest profile and the labels it lacks when none fits", () => {
    const result = route(["linux", "large", "Fast"], fleet);
    expect(result).toEqual({ kind: "no-match", nearest: { profile: large, missing: ["Fast"] } });
  });

  it("fits nothing without labels", () => {
    expect(route([], fleet)).toEqual({ kind: "no-match", nearest: null });
  });

  it("fits nothing without profiles", () => {
    expect(route(["linux"], [])).toEqual({ kind: "no-match", nearest: null });
  });
});

describe("route, for any labels and profiles,", () => {
  const label = fc.constantFrom("linux", "x64", "arm64", "large", "gpu");
  const anyCase = label.chain((text) => fc.constantFrom(text, text.toUpperCase()));
  const jobLabels = fc.array(anyCase, { minLength: 1, maxLength: 4 });
  const profiles = fc.uniqueArray(
    fc.record({
      name: fc.constantFrom("a", "b", "c", "d", "e", "B"),
      labels: fc.uniqueArray(label, { minLength: 1 }),
      priority: fc.integer({ min: -1, max: 1 }),
    }),
    { selector: ({ name }) => name, maxLength: 6 },
  );
  const lower = (labels: readonly string[]): string[] => labels.map((text) => text.toLowerCase());

  it("chooses a profile that has every label, or none has", () => {
    fc.assert(
      fc.property(jobLabels, profiles, (labels, all) => {
        const fits = (candidate: RoutableProfile): boolean =>
          lower(labels).every((text) => lower(candidate.labels).includes(text));
        const result = route(labels, all);
        expect(result.kind === "profile" ? fits(result.profile) : !all.some(fits)).toBe(true);
      }),
    );
  });

  it("gives the same answer in whatever order the profiles stand", () => {
    const shuffled = profiles.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    fc.assert(
      fc.property(jobLabels, shuffled, (labels, [all, other]) => {
        expect(route(labels, other)).toEqual(route(labels, all));
        expect(fittingProfiles(labels, other)).toEqual(fittingProfiles(labels, all));
      }),
    );
  });

  it("gives the same answer in whatever case and order the labels are written, however often", () => {
    fc.assert(
      fc.property(jobLabels, profiles, (labels, all) => {
        const chosen = (written: readonly string[]): string | undefined => fittingProfiles(written, all)[0]?.name;
        expect(chosen(lower(labels).reverse())).toBe(chosen(labels));
        expect(chosen([...labels, ...lower(labels)])).toBe(chosen(labels));
        const loud = all.map((one) => ({ ...one, labels: one.labels.map((text) => text.toUpperCase()) }));
        expect(fittingProfiles(labels, loud)[0]?.name).toBe(chosen(labels));
      }),
    );
  });

  it("never finds a profile nearer than the nearest it names", () => {
    fc.assert(
      fc.property(jobLabels, profiles, (labels, all) => {
        const result = route(labels, all);
        if (result.kind === "profile" || result.nearest === null) return;
        const lacking = (one: RoutableProfile): number =>
          new Set(lower(labels).filter((text) => !one.labels.includes(text))).size;
        expect(result.nearest.missing).toHaveLength(Math.min(...all.map(lacking)));
      }),
    );
  });
});

describe("routeJob", () => {
  const [builtIn] = builtInSettings({ os: "linux", arch: "x64" }).profiles;
  const full = (from: RoutableProfile): ProfileSettings => {
    if (builtIn === undefined) throw new Error("no built-in profile");
    return { ...builtIn, ...from };
  };
  const profiles = fleet.map(full);
  const settings = { profiles, defaultProfile: null };
  const ask = { labels: [], profile: null, assigns: true };

  it("goes by name past the labels when a profile is named", () => {
    const result = routeJob({ ...ask, labels: ["gpu"], profile: "small" }, settings);
    expect(result).toMatchObject({ kind: "profile", profile: { name: "small" } });
  });

  it("says which profiles there are when the named one is not among them", () => {
    const result = routeJob({ ...ask, profile: "huge" }, settings);
    expect(result).toEqual({ kind: "no-such-profile", name: "huge", known: ["large", "gpu", "small"] });
  });

  it("goes by labels when there are some", () => {
    const result = routeJob({ ...ask, labels: ["gpu"] }, { profiles, defaultProfile: "small" });
    expect(result).toMatchObject({ kind: "profile", profile: { name: "gpu" } });
  });

  it("gives no default to a job whose labels fit nothing", () => {
    const result = routeJob({ ...ask, labels: ["windows"] }, { profiles, defaultProfile: "small" });
    expect(result).toMatchObject({ kind: "no-match", nearest: { missing: ["windows"] } });
  });

  it("takes the default profile for neither name nor label", () => {
    const result = routeJob(ask, { profiles, defaultProfile: "gpu" });
    expect(result).toMatchObject({ kind: "profile", profile: { name: "gpu" } });
  });

  it("takes the first profile of the file when there is no default", () => {
    expect(routeJob(ask, settings)).toMatchObject({ kind: "profile", profile: { name: "large" } });
  });

  it("finds nothing without profiles", () => {
    expect(routeJob(ask, { profiles: [], defaultProfile: null })).toEqual({ kind: "no-match", nearest: null });
  });

  it("fits nothing when a forge names no labels", () => {
    const result = routeJob({ ...ask, assigns: false }, { profiles, defaultProfile: "small" });
    expect(result).toEqual({ kind: "no-match", nearest: null });
  });

  it("heeds only labels from a source that assigns runners itself", () => {
    const result = routeJob({ labels: ["gpu"], profile: "small", assigns: false }, settings);
    expect(result).toMatchObject({ kind: "profile", profile: { name: "gpu" } });
  });
});

describe("explainRoutes", () => {
  it("says of every fitting profile what put it in its place", () => {
    const result = explainRoutes(
      ["linux"],
      [
        profile("d", ["linux", "p", "q"]),
        profile("a", ["linux", "x"], 1),
        profile("c", ["linux", "z"]),
        profile("b", ["linux", "y"]),
      ],
    );
    const routes = result.kind === "fits" ? result.routes : [];
    expect(routes.map((one) => [one.profile.name, one.extra, one.decidedBy])).toEqual([
      ["a", ["x"], "first"],
      ["b", ["y"], "priority"],
      ["c", ["z"], "name"],
      ["d", ["p", "q"], "labels"],
    ]);
    expect(routes.map(({ why }) => why)).toEqual([
      "chosen: it has every label asked for, and further labels: x",
      "behind a: its priority is lower (0 against 1)",
      "behind b only by the order of names: set a priority to decide it yourself",
      "behind c: it has more labels (further labels: p, q)",
    ]);
  });

  it("names the nearest profile when none fits", () => {
    expect(explainRoutes(["gpu", "arm64"], fleet)).toEqual({
      kind: "no-match",
      nearest: { profile: gpu, missing: ["arm64"] },
    });
  });
});
