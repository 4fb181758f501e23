import { schemaChecker } from "../../runtime/core/settings-check";
import { settingKeys } from "../../runtime/core/settings-keys";
import type { GroupNode } from "../../runtime/core/settings-node";
import { secretSchema } from "../../runtime/core/settings-schema-parts";

const keys = settingKeys();

describe("the settings schema", () => {
  it.each(keys.map((key) => [key.path, key] as const))("explains %s", (_, { node }) => {
    expect(node.title).not.toBe("");
    expect(node.description).toMatch(/^[A-Z`].*\.$/);
  });

  const values = keys.flatMap(({ path, node, required }) => (required ? [] : [{ path, node }]));
  // Of a group that takes exactly one key the group says it.
  const isOneOf = ({ path }: { path: string }) => path.startsWith("profiles[].compute.image.");
  it.each(
    values.filter((key) => !("properties" in key.node) && !isOneOf(key)).map((key) => [key.path, key.node] as const),
  )("says what holds when %s is left out", (_, node) => {
    expect(("default" in node ? node.default : undefined) ?? node.preset).toBeDefined();
  });

  it("lists a key of every depth", () => {
    const paths = keys.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([
        "version",
        "server.listen",
        "sources[].kind",
        "profiles[].labels",
        "profiles[].compute.firstUid",
        "profiles[].timeouts.boot",
        "retention.logsMiB",
      ]),
    );
  });

  it("has every key once for each kind", () => {
    const places = keys.map(({ path, kind }) => `${kind ?? ""} ${path}`);
    expect(new Set(places).size).toBe(places.length);
  });
});

describe("a secret", () => {
  const schema = {
    type: "object",
    title: "test",
    description: "A group with secrets.",
    additionalProperties: false,
    properties: {
      token: secretSchema,
      more: { type: "array", title: "more", description: "More of them.", items: secretSchema },
    },
  } as const satisfies GroupNode;
  const check = schemaChecker(schema);

  it.each([{ env: "GH_TOKEN" }, { file: "./key.pem" }, { file: "/run/secrets/key" }, { ssm: "/onejob/key" }])(
    "may be kept at %j",
    (secret) => {
      expect(check({ token: secret, more: [secret] })).toEqual([]);
    },
  );

  const leaks = [
    "hunter2",
    { hunter2: null },
    { env: "hunter2 hunter2" },
    { env: "A", file: "hunter2" },
    { ssm: ["hunter2"] },
    { env: { hunter2: 1 } },
    ["hunter2"],
    {},
    null,
  ];
  it.each(leaks.map((given) => [JSON.stringify(given), given] as const))(
    "is not repeated when given as %s",
    (_, given) => {
      const problems = check({ token: given, more: [{ env: "A" }, given] });
      expect(problems.map(({ path }) => path)).toEqual(["token", "more[1]"]);
      expect(JSON.stringify(problems)).not.toContain("hunter2");
      expect(problems[0]?.what).toContain("{env: NAME}");
    },
  );
});
