/** What routing promises for any labels and any profiles, and what the settings' cross checks make sure of beforehand. */
import fc from "fast-check";
import { readSettings } from "../../runtime/core/read-settings";
import { explainRoutes, fittingProfiles, isOurs, route, type RoutableProfile } from "../../runtime/core/routing";

const words = ["self-hosted", "linux", "x64", "large", "gpu"] as const;
const label = fc
  .tuple(fc.constantFrom(...words), fc.boolean())
  .map(([text, loud]) => (loud ? text.toUpperCase() : text));
const jobLabels = fc.array(label, { maxLength: 4 });
const lower = (labels: readonly string[]): Set<string> => new Set(labels.map((text) => text.toLowerCase()));

const anyProfiles = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom("a", "b", "c", "d", "B", "ä"),
    labels: fc.uniqueArray(label, { minLength: 1, selector: (text) => text.toLowerCase() }),
    priority: fc.integer({ min: -1, max: 1 }),
  }),
  { selector: ({ name }) => name, maxLength: 6 },
);
const runs = { numRuns: 300 };

/** What the job did not ask for, counted with sets of our own. */
function extras({ labels }: RoutableProfile, asked: readonly string[]): number {
  return [...lower(labels)].filter((text) => !lower(asked).has(text)).length;
}

function fits(labels: readonly string[], profile: RoutableProfile): boolean {
  return labels.length > 0 && [...lower(labels)].every((text) => lower(profile.labels).has(text));
}

describe("the chosen profile, for any labels and profiles,", () => {
  it("has the fewest further labels, then the highest priority, then the first name, of those that fit", () => {
    fc.assert(
      fc.property(jobLabels, anyProfiles, (labels, profiles) => {
        const result = route(labels, profiles);
        const others = profiles.filter((one) => fits(labels, one));
        expect(result.kind).toBe(others.length === 0 ? "no-match" : "profile");
        if (result.kind !== "profile") return;
        const rank = (one: RoutableProfile) => [extras(one, labels), -one.priority, one.name] as const;
        const [fewest, priority, name] = rank(result.profile);
        for (const other of others.map(rank)) {
          expect(other[0]).toBeGreaterThanOrEqual(fewest);
          if (other[0] === fewest) expect(other[1]).toBeGreaterThanOrEqual(priority);
          if (other[0] === fewest && other[1] === priority) expect(other[2] >= name).toBe(true);
        }
      }),
      runs,
    );
  });

  it("is none for a job without labels, and then no profile is called the nearest", () => {
    fc.assert(
      fc.property(anyProfiles, (profiles) => {
        expect(route([], profiles)).toEqual({ kind: "no-match", nearest: null });
        expect(fittingProfiles([], profiles)).toEqual([]);
      }),
      runs,
    );
  });

  it("stays the same beside another profile that does not fit", () => {
    fc.assert(
      fc.property(jobLabels, anyProfiles, (labels, profiles) => {
        const more = { name: "zz", labels: ["something-else"], priority: 9 };
        const before = route(labels, profiles);
        if (before.kind === "profile") expect(route(labels, [...profiles, more])).toEqual(before);
      }),
      runs,
    );
  });
});

describe("a job of a forge", () => {
  it("is ours when it shares a label with us, `self-hosted` aside, or a profile fits it, and else not", () => {
    fc.assert(
      fc.property(jobLabels, anyProfiles, (labels, profiles) => {
        const known = lower(profiles.flatMap((one) => one.labels));
        const shared = [...lower(labels)].some((text) => text !== "self-hosted" && known.has(text));
        const isServed = profiles.some((one) => fits(labels, one));
        expect(isOurs(labels, profiles)).toBe(shared || isServed);
        if (route(labels, profiles).kind === "profile") expect(isOurs(labels, profiles)).toBe(true);
      }),
      runs,
    );
  });
});

describe("the explained order", () => {
  it("lists all that fit once, and names at each place what really put it there", () => {
    fc.assert(
      fc.property(jobLabels, anyProfiles, (labels, profiles) => {
        const result = explainRoutes(labels, profiles);
        if (result.kind !== "fits") return expect(profiles.some((one) => fits(labels, one))).toBe(false);
        const names = result.routes.map(({ profile }) => profile.name);
        expect([...names].sort()).toEqual(
          profiles
            .filter((one) => fits(labels, one))
            .map(({ name }) => name)
            .sort(),
        );
        result.routes.forEach(({ profile, extra, decidedBy }, index) => {
          expect(extra).toHaveLength(extras(profile, labels));
          expect(decidedBy).toBe(deciding(result.routes[index - 1]?.profile, profile, labels));
        });
      }),
      runs,
    );
  });
});

function deciding(before: RoutableProfile | undefined, one: RoutableProfile, labels: readonly string[]): string {
  if (before === undefined) return "first";
  if (extras(before, labels) !== extras(one, labels)) return "labels";
  return before.priority === one.priority ? "name" : "priority";
}

describe("settings that pass the cross checks", () => {
  const files = anyProfiles.filter((all) => all.length > 0);
  const read = (profiles: readonly RoutableProfile[]) =>
    readSettings({ version: 1, profiles }, { os: "linux", arch: "x64" });

  it("leave no two profiles between which nothing but the name decides, for who asks for all labels of one", () => {
    fc.assert(
      fc.property(files, (profiles) => {
        const result = read(profiles);
        if (!result.ok) return;
        for (const { labels } of profiles) {
          const chosen = explainRoutes(labels, result.settings.profiles);
          const exact = chosen.kind === "fits" ? chosen.routes.filter(({ extra }) => extra.length === 0) : [];
          expect(exact.length).toBeGreaterThan(0);
          expect(exact.filter(({ decidedBy }) => decidedBy === "name")).toEqual([]);
        }
      }),
      runs,
    );
  });

  it("are refused exactly where two names, or two label sets of one priority, are equal case aside", () => {
    const cases = fc.uniqueArray(
      fc.record({
        name: fc.constantFrom("a", "b", "c", "B"),
        labels: fc.uniqueArray(label, { minLength: 1, maxLength: 2, selector: (text) => text.toLowerCase() }),
        priority: fc.integer({ min: 0, max: 1 }),
      }),
      { selector: ({ name }) => name, minLength: 1, maxLength: 4 },
    );
    const sameLabels = (a: RoutableProfile, b: RoutableProfile): boolean =>
      a.priority === b.priority && extras(a, b.labels) === 0 && extras(b, a.labels) === 0;
    const sameName = (a: RoutableProfile, b: RoutableProfile): boolean => a.name.toLowerCase() === b.name.toLowerCase();
    fc.assert(
      fc.property(cases, (profiles) => {
        const collides = profiles.some((a, at) =>
          profiles.slice(0, at).some((b) => sameName(a, b) || sameLabels(a, b)),
        );
        expect(read(profiles).ok).toBe(!collides);
      }),
      runs,
    );
  });
});
