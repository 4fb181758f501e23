import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseDuration } from "../../runtime/core/duration";
import { builtInSettings } from "../../runtime/core/read-settings";
import { settingKeys } from "../../runtime/core/settings-keys";
import { configReference, configReferencePath } from "../../runtime/entry/local/docs/config-reference";

const reference = configReference();

/** A cell of the docs, found by the heading of its section and the key. */
function defaultInDocs(path: string): string | undefined {
  const parent = path.slice(0, path.lastIndexOf("."));
  const section = reference.split("\n## ").find((text) => text.startsWith(`\`${parent}\``));
  const row = section?.split("\n").find((line) => line.startsWith(`| \`${path.slice(parent.length + 1)}\` `));
  return row?.split(" | ")[2]?.trim().replaceAll("`", "");
}

/** What is really filled in at that path; durations stand there in milliseconds. */
function filledIn(path: string): unknown {
  const steps = path.replaceAll("[]", ".0").split(".");
  return steps.reduce<unknown>(
    (value, step) => {
      const found = Object.entries(Object(value)).find(([key]) => key === step || key === `${step}Ms`);
      return found?.[1];
    },
    builtInSettings({ os: "linux", arch: "x64" }),
  );
}

describe("the configuration page", () => {
  it("says what the schema says; run `npm run docs` to renew it", () => {
    expect(readFileSync(join(__dirname, "../..", configReferencePath), "utf8")).toBe(reference);
  });

  const withDefault = settingKeys().flatMap(({ path, node }) =>
    "default" in node && node.default !== undefined ? [[path, node] as const] : [],
  );
  it.each(withDefault)("gives for %s the default that is filled in", (path, node) => {
    const written = defaultInDocs(path);
    expect(written).toBe(String(node.default));
    const isDuration = "duration" in node && node.duration !== undefined;
    expect(filledIn(path)).toEqual(isDuration ? parseDuration(String(written)) : node.default);
  });

  it.each(["profiles[].limits.memoryMiB", "profiles[].limits.cpus"])(
    "gives no limit for %s, and none is set",
    (path) => {
      expect(defaultInDocs(path)).toBe("no limit");
      expect(filledIn(path)).toBeNull();
    },
  );

  it.each(settingKeys().map(({ path, key, node }) => [path, key, node] as const))("explains %s", (_, key, node) => {
    expect(reference).toContain(`| \`${key}\` `);
    expect(reference).toContain(node.description);
  });
});
