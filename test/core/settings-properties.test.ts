/** What reading the settings promises for every file that is right, and for every file with something wrong in it. */
import fc from "fast-check";
import { formatDuration, parseDuration } from "../../runtime/core/duration";
import { readSettings, type Problem } from "../../runtime/core/read-settings";
import type { Settings } from "../../runtime/core/settings";
import type { Host } from "../../runtime/core/settings-host-checks";
import { settingKeys } from "../../runtime/core/settings-keys";
import { anyFleetFile, anySettingsFile, nodeAt, type Raw } from "../fixtures/any-settings";

const machine = { os: "linux", arch: "x64" };
const runs = { numRuns: 150 };
type Place = readonly (string | number)[];

function settingsOf(raw: unknown, host: Host = "local"): Settings {
  const result = readSettings(raw, { ...machine, host });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.settings;
}

function problemsOf(raw: unknown): readonly Problem[] {
  const result = readSettings(raw, machine);
  return result.ok ? [] : result.problems;
}

const isGroup = (value: unknown): value is Raw => typeof value === "object" && value !== null && !Array.isArray(value);

describe.each([
  ["a server of one's own", "local", anySettingsFile],
  ["a fleet on AWS", "aws", anyFleetFile],
] as const)("a file for %s that keeps to the schema's ranges", (_, host, anyFileOfHost) => {
  const inForce = (raw: unknown) => settingsOf(raw, host);

  it("is accepted, and every value in it is in force", () => {
    fc.assert(
      fc.property(anyFileOfHost, (file) => expectKept(file, inForce(file))),
      runs,
    );
  });

  it("says the same whatever the order of its keys, and is left as it was", () => {
    const turned = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(turned);
      return isGroup(value) ? Object.fromEntries(Object.entries(value).map(turnedEntry).reverse()) : value;
    };
    const turnedEntry = ([key, value]: [string, unknown]): [string, unknown] => [key, turned(value)];
    fc.assert(
      fc.property(anyFileOfHost, (file) => {
        expect(inForce(turned(file))).toEqual(inForce(deepFrozen(file)));
      }),
      runs,
    );
  });

  it("means the same when all that is in force is written down", () => {
    fc.assert(
      fc.property(anyFileOfHost, (file) => {
        const settings = inForce(file);
        expect(inForce({ version: 1, ...writtenDown({ ...settings }) })).toEqual(settings);
      }),
      runs,
    );
  });
});

/** What the file says is found in the settings under the same name; durations in milliseconds. */
function expectKept(given: unknown, kept: unknown): void {
  if (Array.isArray(given)) {
    // The source `api` is added in front where it is not listed.
    const added = Array.isArray(kept) ? kept.length - given.length : Number.NaN;
    given.forEach((value, index) => expectKept(value, (kept as unknown[])[index + added]));
  } else if (isGroup(given)) {
    for (const [key, value] of Object.entries(given)) {
      if (key === "version" && value === 1) continue;
      const inside = kept as Raw;
      if (`${key}Ms` in inside) expect(inside[`${key}Ms`]).toBe(parseDuration(value as string));
      else expectKept(value, inside[key]);
    }
  } else expect(kept).toBe(given);
}

function writtenDown(group: Raw): Raw {
  const written = (one: unknown): unknown => {
    if (Array.isArray(one)) return one.map(written);
    return isGroup(one) ? writtenDown(one) : one;
  };
  // How we are known follows from what `auth` holds.
  const { kind, ...rest } = group;
  const given = kind === "app" || kind === "token" ? rest : group;
  const entries = Object.entries(given).filter(([, one]) => one !== null);
  return Object.fromEntries(
    entries.map(([key, one]) =>
      key.endsWith("Ms") ? [key.slice(0, -2), formatDuration(one as number)] : [key, written(one)],
    ),
  );
}

function deepFrozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) Object.values(value).forEach(deepFrozen);
  return Object.freeze(value);
}

/** Every place in a file, the whole of it first. */
function placesIn(value: unknown, path: Place = []): readonly Place[] {
  const inside = typeof value === "object" && value !== null ? Object.entries(value) : [];
  const parts = inside.map(([key, one]) => ({ key: Array.isArray(value) ? Number(key) : key, one }));
  return [path, ...parts.flatMap(({ key, one }) => placesIn(one, [...path, key]))];
}

function valueAt(value: unknown, path: Place): unknown {
  return path.reduce((inside, part) => (inside as Raw)[part], value);
}

/** The file with another value at one place. */
function changed(value: unknown, [part, ...rest]: Place, to: unknown): unknown {
  if (part === undefined) return to;
  if (Array.isArray(value)) return value.map((one: unknown, at) => (at === part ? changed(one, rest, to) : one));
  const group = value as Raw;
  return { ...group, [part]: changed(group[part], rest, to) };
}

function written(path: Place): string {
  return path.reduce<string>(
    (text, part) => (typeof part === "number" ? `${text}[${part}]` : text === "" ? part : `${text}.${part}`),
    "",
  );
}

const anyPlace = (file: Raw, fits: (path: Place) => boolean = () => true): fc.Arbitrary<Place> =>
  fc.constantFrom(...placesIn(file).filter(fits));

describe("a number or a duration", () => {
  const outside = fc.tuple(fc.boolean(), fc.nat(1_000)).map(([below, by]) => ({ below, by: by + 1 }));
  const spoiled = anySettingsFile.chain((file) => {
    const ranged = (path: Place): boolean => limitsAt(file, path) !== undefined;
    if (!placesIn(file).some(ranged)) return fc.constant(undefined);
    return fc.record({ file: fc.constant(file), path: anyPlace(file, ranged), outside });
  });

  it("just outside its range is refused, at its path and nowhere else", () => {
    fc.assert(
      fc.property(spoiled, (given) => {
        if (given === undefined) return;
        const { file, path } = given;
        const { below, by } = given.outside;
        const { min, max, write } = limitsAt(file, path) ?? { min: 0, max: 0, write: String };
        const raw = changed(file, path, write(below ? min - by : max + by));
        expect(problemsOf(raw).map((problem) => problem.path)).toEqual([written(path)]);
      }),
      { numRuns: 300 },
    );
  });
});

interface Range {
  readonly min: number;
  readonly max: number;
  readonly write: (value: number) => unknown;
}

function limitsAt(file: Raw, path: Place): Range | undefined {
  const node = nodeAt(file, path);
  if (node === undefined || !("type" in node) || typeof valueAt(file, path) === "object") return undefined;
  if ("duration" in node && node.duration !== undefined) {
    const [min = 0, max = 0] = [node.duration.min, node.duration.max].map(parseDuration);
    return { min, max, write: formatDuration };
  }
  if (!("minimum" in node) || node.minimum === undefined || node.maximum === undefined) return undefined;
  return { min: node.minimum, max: node.maximum, write: (value) => value };
}

const strangeKeys = fc.oneof(
  fc.constantFrom("__proto__", "constructor", "toString", "profile", "maxRunner", "name", "kind", "0", "a b", "", "ä"),
  fc.string({ unit: "binary", maxLength: 8 }),
);
const strange = fc.oneof(
  fc.constantFrom<unknown>(null, "", 0, -1, 1.5, true, [], {}, [null], "5s", "api", Number.MAX_VALUE),
  fc.jsonValue({ maxDepth: 2 }),
);

/** A right file with something strange in place of a value, or beside it. */
const spoiledFile = anySettingsFile.chain((file) =>
  fc.record({ path: anyPlace(file), key: fc.option(strangeKeys), value: strange }).map(({ path, key, value }) => {
    const before = valueAt(file, path);
    if (key === null || !isGroup(before)) return changed(file, path, value);
    // As a parser makes it: also a key `__proto__` is one of the group's own.
    const pair: unknown = JSON.parse(`{${JSON.stringify(key)}:${JSON.stringify(value)}}`);
    return changed(file, path, Object.defineProperties({ ...before }, Object.getOwnPropertyDescriptors(pair)));
  }),
);

const knownKeys = new Set([...settingKeys().map(({ key }) => key), "env", "file", "ssm"]);

describe("a file with something strange in it", () => {
  it("is read, or refused with complete problems, each once and at a path that is there or should be", () => {
    fc.assert(
      fc.property(spoiledFile, (raw) => {
        const problems = problemsOf(raw);
        for (const { path, what, fix } of problems) {
          expect([what, fix].filter((text) => text.trim() === "")).toEqual([]);
          expect(isThere(raw, path)).toBe(true);
        }
        expect(new Set(problems.map(({ path, what }) => `${path} ${what}`)).size).toBe(problems.length);
      }),
      { numRuns: 600 },
    );
  });
});

/** `profiles[1].limits["a b"]`, part by part; `undefined` for what is no path. */
function partsOf(path: string): Place | undefined {
  const part = /^(?:\.?([\w-]+)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\])/s;
  const parts: (string | number)[] = [];
  for (let rest = path; rest !== "";) {
    const match = part.exec(rest);
    if (match === null) return undefined;
    const [all, word, index, quoted] = match;
    parts.push(word ?? (index === undefined ? (JSON.parse(quoted ?? '""') as string) : Number(index)));
    rest = rest.slice(all.length);
  }
  return parts;
}

function isThere(raw: unknown, path: string): boolean {
  const parts = partsOf(path);
  if (parts === undefined) return false;
  const last = parts.at(-1);
  let inside: unknown = raw;
  for (const part of parts.slice(0, -1)) {
    if (typeof inside !== "object" || inside === null || !Object.hasOwn(inside, part)) return false;
    inside = (inside as Raw)[part];
  }
  if (last === undefined) return true;
  if (typeof inside !== "object" || inside === null) return false;
  return Object.hasOwn(inside, last) || (isGroup(inside) && knownKeys.has(String(last)));
}

describe("what is written where a secret's place belongs", () => {
  const canary = "hunter2canary";
  const guarded = /\.(auth|webhookSecrets|password|url|releasesUrl|serverUrl)\b/;
  const leaky = fc.oneof(
    fc.constantFrom<unknown>(canary, [canary], { [canary]: 1 }, { env: `${canary} x` }, { file: { [canary]: 1 } }),
    fc.constantFrom<unknown>({ env: "A", ssm: canary }, `https://me:${canary}@ci.example.org`, { token: canary }),
    fc.constantFrom<unknown>({ [canary]: canary, env: [canary] }, [{ env: "A" }, canary], { token: { [canary]: "" } }),
  );
  const withSecrets = anySettingsFile.filter((file) => placesIn(file).some((path) => guarded.test(written(path))));
  const leaks = withSecrets.chain((file) =>
    fc
      .record({ path: anyPlace(file, (path) => guarded.test(written(path))), value: leaky })
      .map(({ path, value }) => changed(file, path, value)),
  );

  it("is repeated in no message, wherever it stands", () => {
    fc.assert(
      fc.property(leaks, (raw) => expect(JSON.stringify(problemsOf(raw))).not.toContain(canary)),
      { numRuns: 300 },
    );
  });
});
