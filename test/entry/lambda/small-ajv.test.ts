import fc from "fast-check";
import { Ajv } from "ajv";
import { Ajv as SmallAjv } from "../../../runtime/entry/lambda/small-ajv";
import { settingFormats } from "../../../runtime/core/settings-formats";
import { settingsRoot } from "../../../runtime/core/settings-schema";
import { parseDuration } from "../../../runtime/core/duration";
import { anyFleetFile, anySettingsFile, type Raw } from "../../fixtures/any-settings";

interface Finding {
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: unknown;
  readonly parentSchema?: unknown;
}
type Check = (raw: unknown) => readonly Finding[];

const duration = {
  keyword: "duration",
  compile: ({ min, max }: { readonly min: string; readonly max: string }) => {
    const [least = 0, most = 0] = [parseDuration(min), parseDuration(max)];
    return (text: string) => {
      const ms = parseDuration(text);
      return ms !== undefined && ms >= least && ms <= most;
    };
  },
};
const words = ["unit", "rule", "preset", "secret", "guarded", "sample"];

const byAjv: Check = (() => {
  const ajv = new Ajv({ allErrors: true, verbose: true, discriminator: true, strict: true });
  for (const [format, fits] of Object.entries(settingFormats)) ajv.addFormat(format, fits);
  ajv.addVocabulary(words);
  ajv.addKeyword({ ...duration, type: "string", errors: false });
  const validate = ajv.compile(settingsRoot);
  return (raw) => (validate(raw) ? [] : (validate.errors ?? []));
})();

const byOurs: Check = (() => {
  const ajv = new SmallAjv();
  for (const [format, fits] of Object.entries(settingFormats)) ajv.addFormat(format, fits);
  ajv.addVocabulary(words);
  ajv.addKeyword(duration);
  const validate = ajv.compile({ ...settingsRoot });
  return (raw) => (validate(raw) ? [] : (validate.errors ?? []));
})();

/** The first of each place is what people are told; which rule of a key follows says nothing more. */
function firsts(findings: readonly Finding[]): readonly string[] {
  const places = new Map<string, string>();
  for (const { instancePath, keyword, params, parentSchema } of findings) {
    const extra = (params as Readonly<Record<string, unknown>>)[
      keyword === "required"
        ? "missingProperty"
        : keyword === "additionalProperties"
          ? "additionalProperty"
          : "tagValue"
    ];
    const place = `${instancePath} ${typeof extra === "string" ? extra : ""}`;
    const title = (parentSchema as { readonly title?: string } | undefined)?.title;
    if (!places.has(place)) places.set(place, `${place}: ${keyword} of ${title ?? "none"}`);
  }
  return [...places.values()].sort();
}

const junk = fc.oneof(
  fc.constantFrom(
    null,
    true,
    0,
    -1,
    1.5,
    1e9,
    Number.MAX_SAFE_INTEGER,
    "",
    "x",
    "10m",
    "-1s",
    "999d",
    " ",
    "github",
    "ec2",
    "\u0000",
  ),
  fc.string({ unit: "grapheme", maxLength: 300 }),
  fc.constantFrom(
    [],
    [1],
    ["a", "a"],
    {},
    { kind: "github" },
    { kind: "nothing" },
    { env: "A", file: "b" },
    { more: 1 },
  ),
);

/** Puts junk at some place inside, or removes what is there. */
function spoilt(raw: Raw, at: readonly number[], what: unknown): unknown {
  const clone = structuredClone(raw) as Record<string, unknown>;
  let here: Record<string, unknown> = clone;
  for (const step of at) {
    const keys = Object.keys(here);
    const key = keys[step % Math.max(1, keys.length)];
    if (key === undefined) break;
    const inner = here[key];
    if (typeof inner !== "object" || inner === null || step % 3 === 0) {
      if (step % 5 === 0) Reflect.deleteProperty(here, key);
      else here[step % 7 === 0 ? `${key}x` : key] = what;
      return clone;
    }
    here = inner as Record<string, unknown>;
  }
  return clone;
}

describe("the small checker of settings", () => {
  it("accepts whatever settings are accepted", () => {
    fc.assert(
      fc.property(anyFleetFile, (raw) => {
        expect(byOurs(raw)).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  it("finds at each place of spoilt settings what ajv finds there", () => {
    const places = fc.array(fc.nat(30), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.oneof(anyFleetFile, anySettingsFile), places, junk, (raw, at, what) => {
        const bad = spoilt(raw, at, what);
        expect(firsts(byOurs(bad))).toEqual(firsts(byAjv(bad)));
      }),
      { numRuns: 400 },
    );
  });

  it.each([
    null,
    undefined,
    1,
    "text",
    [],
    {},
    { version: 2 },
    { version: "1" },
    { sources: [{}] },
    { sources: [{ kind: 1 }] },
  ])("finds in %j what ajv finds", (raw) => {
    expect(firsts(byOurs(raw))).toEqual(firsts(byAjv(raw)));
  });

  it("refuses a schema with a word it does not know, instead of letting everything pass", () => {
    expect(() => new SmallAjv().compile({ type: "string", contentEncoding: "base64" })("x")).toThrow("contentEncoding");
  });
});
