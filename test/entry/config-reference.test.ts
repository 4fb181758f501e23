import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseDuration } from "../../runtime/core/duration";
import { readSettings } from "../../runtime/core/read-settings";
import { settingKeys } from "../../runtime/core/settings-keys";
import type { SettingKey } from "../../runtime/core/settings-keys";
import { secretSchema } from "../../runtime/core/settings-schema-parts";
import { configReference, configReferencePath } from "../../runtime/entry/local/docs/config-reference";

const reference = configReference();

/** A key of the settings, and of which kind of source or compute it is. */
type Key = Pick<SettingKey, "path" | "kind">;

/** A cell of the docs, found by the heading of its section and the key. */
function defaultInDocs({ path, kind }: Key): string | undefined {
  const parent = path.slice(0, path.lastIndexOf("."));
  const title = kind === null ? `\`${parent}\`` : `\`${parent}\` of kind \`${kind}\``;
  const section = reference.split("\n## ").find((text) => text.split("\n")[0] === title);
  const row = section?.split("\n").find((line) => line.startsWith(`| \`${path.slice(parent.length + 1)}\` `));
  return row?.split(" | ")[2]?.trim().replaceAll("`", "");
}

/** A file that says of each kind no more than it must. */
const least = {
  version: 1,
  sources: [{ name: "gh", kind: "github", scopes: ["acme"], auth: { token: { env: "GH_TOKEN" } } }],
  profiles: [
    { name: "process", labels: ["a"] },
    { name: "docker", labels: ["b"], compute: { kind: "docker", image: "x" } },
  ],
};
const leastOfFleet = { version: 1, profiles: [{ name: "ec2", labels: ["a"], compute: { kind: "ec2" } }] };

/** What is really filled in at that path; durations stand there in milliseconds. */
function filledIn({ path, kind }: Key): unknown {
  const machine = { os: "linux", arch: "x64" };
  const read = kind === "ec2" ? readSettings(leastOfFleet, { ...machine, host: "aws" }) : readSettings(least, machine);
  // The api source comes first, then the one given.
  const entry = kind === "github" || kind === "docker" ? ".1" : ".0";
  const steps = path.replaceAll("[]", entry).split(".");
  return steps.reduce<unknown>(
    (value, step) => {
      const found = Object.entries(Object(value)).find(([key]) => key === step || key === `${step}Ms`);
      return found?.[1];
    },
    read.ok ? read.settings : read.problems,
  );
}

describe("the configuration page", () => {
  it("says what the schema says; run `npm run docs` to renew it", () => {
    expect(readFileSync(join(__dirname, "../..", configReferencePath), "utf8")).toBe(reference);
  });

  const withDefault = settingKeys().flatMap(({ path, kind, node }) =>
    "default" in node && node.default !== undefined ? [[path, { path, kind }, node] as const] : [],
  );
  it.each(withDefault)("gives for %s the default that is filled in", (_, key, node) => {
    const written = defaultInDocs(key);
    expect(written).toBe(String(node.default));
    const isDuration = "duration" in node && node.duration !== undefined;
    expect(filledIn(key)).toEqual(isDuration ? parseDuration(String(written)) : node.default);
  });

  it.each(["profiles[].limits.memoryMiB", "profiles[].limits.cpus"])(
    "gives no limit for %s, and none is set",
    (path) => {
      expect(defaultInDocs({ path, kind: null })).toBe("no limit");
      expect(filledIn({ path, kind: null })).toBeNull();
    },
  );

  it.each(["process", "docker", "ec2"] as const)("gives the time to boot that compute %s has", (kind) => {
    const path = "profiles[].timeouts.boot";
    const [, written = ""] =
      new RegExp(`(\\w+) for compute ${kind}`).exec(defaultInDocs({ path, kind: null }) ?? "") ?? [];
    expect(parseDuration(written)).toBe(filledIn({ path, kind }));
  });

  it.each(settingKeys().map(({ path, key, node }) => [path, key, node] as const))("explains %s", (_, key, node) => {
    expect(reference).toContain(`| \`${key}\` `);
    expect(reference).toContain(node.description);
  });

  it("tells once where secrets may be kept, and calls each of them a secret", () => {
    expect(reference.split("## Secrets")).toHaveLength(2);
    const table = reference.split("## Secrets")[1]?.split("\n## ")[0] ?? "";
    for (const key of Object.keys(secretSchema.properties)) expect(table.split(`| \`${key}\` `)).toHaveLength(2);
    expect(reference).toMatch(/\| `privateKey` +\| secret /);
    expect(reference).toMatch(/\| `webhookSecrets` +\| list of secrets /);
  });
});
