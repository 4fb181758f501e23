/** The packed package in a program that has nothing else of this tree: what is in it, its types, and a fleet from it. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fakeAws } from "./fake-aws";
import type { ProgramRun } from "./run-program";
import { runProgram } from "./run-program";
import type { Consumer } from "./packed-package";
import { installPacked, root } from "./packed-package";

const mebibyte = 1_048_576;
let consumer: Consumer;

beforeAll(async () => {
  consumer = await installPacked("from-a-package");
});

afterAll(() => consumer.remove());

describe("the packed package", () => {
  it("holds what runs, what types need and what people read, and nothing else", () => {
    const foreign = consumer.packed.files
      .map(({ path }) => path)
      .filter((path) => !known.some((one) => one.test(path)));
    expect(foreign).toEqual([]);
  });

  it.each([
    ...["webhook", "agent", "api", "work", "sweep", "events"].map((name) => `dist/lambda/${name}.js`),
    ...["dist/agent.js", "dist/components/index.js", "dist/components/index.d.ts", "dist/runtime/cli/main.js"],
    ...["imagebuilder/install.sh", "imagebuilder/boot.sh", "imagebuilder/versions.env", "imagebuilder/quiet-units"],
    ...["imagebuilder/start-agent.sh", "imagebuilder/onejob-agent.service", "imagebuilder/machine.component.yaml"],
    ...["components/plugin/PulumiPlugin.yaml", "components/plugin/package.json", "components/plugin/index.ts"],
    ...["LICENSE", "dist/THIRD_PARTY_LICENSES.txt", "README.md"],
  ])("has %s", (path) => {
    expect(consumer.packed.files.map((file) => file.path)).toContain(path);
  });

  it("is small: 3 MiB to fetch, 12 MiB on disk", () => {
    expect(consumer.packed.size).toBeLessThan(3 * mebibyte);
    expect(consumer.packed.unpackedSize).toBeLessThan(12 * mebibyte);
  });

  it("asks for Pulumi only where a fleet is deployed, and brings no copy of it", () => {
    const { manifest, packed } = consumer;
    const pulumi = ["@pulumi/aws", "@pulumi/awsx", "@pulumi/pulumi"];
    expect(Object.keys(manifest.peerDependencies).sort()).toEqual(pulumi);
    for (const name of pulumi) expect(manifest.peerDependenciesMeta[name]).toEqual({ optional: true });
    expect(Object.keys(manifest.dependencies).filter((name) => name.startsWith("@pulumi/"))).toEqual([]);
    expect(manifest.bundleDependencies).toBeUndefined();
    expect(packed.files.filter(({ path }) => path.includes("node_modules"))).toEqual([]);
  });

  it("has every declaration that its own lead to", () => {
    const { missing, bare, seen } = declarationsFrom(join(consumer.installed, "dist/components/index.d.ts"));
    expect(missing).toEqual([]);
    expect(bare).toEqual(["@pulumi/pulumi"]);
    expect(seen).toBeGreaterThan(5);
  });

  it("has a command line that runs where there is no Pulumi at all", () => {
    const { bin, version } = consumer.manifest;
    const main = join(consumer.installed, bin["onejob"] ?? "");
    const refuse = "const { Module } = require('node:module'); const { _load } = Module;";
    const hook = `${refuse} Module._load = (name, ...rest) => { if (name.startsWith("@pulumi/")) throw new Error("asked for " + name); return _load(name, ...rest); };`;
    const before = join(consumer.folder, "no-pulumi.cjs");
    writeFileSync(before, hook);
    const said = execFileSync(process.execPath, ["--require", before, main, "--version"], { cwd: consumer.folder });
    expect(said.toString()).toContain(version);
    const file = consumer.packed.files.find(({ path }) => path === bin["onejob"]);
    expect((file?.mode ?? 0) & 0o111).toBe(0o111);
  });
});

describe("a program that imports it", () => {
  it("is type-checked, and types refuse what a fleet refuses", () => {
    writeFileSync(join(consumer.folder, "wrong.ts"), wrong);
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const checked = spawnSync(process.execPath, [tsc, "--noEmit", "-p", consumer.folder], { encoding: "utf8" });
    expect(checked.stdout).toBe("");
    expect(checked.status).toBe(0);
  });

  describe.each([
    ["preview", true],
    ["up", false],
  ])("at %s", (_mode, preview) => {
    let run: ProgramRun;

    beforeAll(async () => {
      writeFileSync(join(consumer.folder, "counted.ts"), counted);
      const program = { project: "onejob-from-a-package", stack: "dev", entry: "counted.ts", config: {} };
      run = await runProgram({ ...program, folder: consumer.folder, preview, provider: fakeAws });
    });

    it("registers a fleet, and nothing goes wrong unseen", () => {
      expect(run.engine.logged.filter(({ severity }) => severity === "error")).toEqual([]);
      expect(run.output).toBe("");
      expect(run.exitCode).toBe(0);
      expect(run.engine.resources.filter(({ type }) => type === "onejob:index:RunnerFleet")).toHaveLength(1);
      expect(run.engine.resources.filter(({ type }) => type === "aws:lambda/function:Function")).toHaveLength(6);
    });

    it("takes every file from the installed package, though it runs elsewhere", () => {
      const paths = run.engine.resources.flatMap(({ inputs }) => assetPaths(inputs));
      expect(paths.length).toBeGreaterThanOrEqual(6);
      expect(paths.filter((path) => !path.startsWith(`${consumer.installed}/dist/`) || !existsSync(path))).toEqual([]);
    });

    it("loads one copy of Pulumi", () => {
      expect(run.engine.outputs["copies"]).toBe(1);
    });
  });
});

const known = [
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|SECURITY\.md)$/,
  /^dist\/(agent\.js|package\.json|THIRD_PARTY_LICENSES\.txt)$/,
  /^dist\/lambda\/[a-z]+\.js$/,
  /^dist\/components\/([a-z0-9-]+\/)?[a-z0-9-]+(\.d\.ts|\.js)$/,
  /^dist\/runtime\/core\/[a-z0-9-]+\.d\.ts$/,
  /^dist\/runtime\/[a-z0-9/-]+\.js$/,
  /^components\/plugin\/([a-z]+\.ts|package\.json|tsconfig\.json|PulumiPlugin\.yaml)$/,
  /^imagebuilder\/[a-z.-]+$/,
  /^docs\/([a-zA-Z0-9-]+\.md|examples\/.+)$/,
];

/** Each of these lines is wrong; a type that had become `any` would let it pass. */
const wrong = `import { RunnerFleet, fleetProblems, type RunnerFleetArgs } from "onejob";

const right: RunnerFleetArgs = {
  sources: [{ name: "gh", kind: "github", scopes: ["acme"] }],
  profiles: [{ name: "small", labels: ["linux"], compute: { kind: "ec2", spot: "never" } }],
};
// @ts-expect-error no such key
new RunnerFleet("a", { ...right, protct: true });
// @ts-expect-error no profiles
new RunnerFleet("b", { sources: [] });
// @ts-expect-error no such word
fleetProblems({ ...right, profiles: [{ name: "small", compute: { kind: "ec2", spot: "sometimes" } }] });
// @ts-expect-error no source has such a scope
fleetProblems({ ...right, sources: [{ name: "gh", kind: "github", scopes: [1] }] });
// @ts-expect-error no such output
export const none = new RunnerFleet("c", right).nothing;
export const url: string = fleetProblems(right).map(({ path }) => path).join();
`;

/** The example, and how many copies of Pulumi it has loaded by then. */
const counted = `declare const require: { readonly cache: object };
export * from "./index";
export const copies = Object.keys(require.cache).filter((path) => path.endsWith("@pulumi/pulumi/index.js")).length;
`;

interface Declarations {
  readonly missing: readonly string[];
  /** Other packages. */
  readonly bare: readonly string[];
  readonly seen: number;
}

function declarationsFrom(entry: string): Declarations {
  const [seen, bare, missing] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const follow = (file: string) => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const [, name = ""] of readFileSync(file, "utf8").matchAll(/(?:\bfrom |\bimport\(|^import )"([^"]+)"/gm)) {
      const base = resolve(dirname(file), name);
      const next = [`${base}.d.ts`, join(base, "index.d.ts")].find((path) => existsSync(path));
      if (!name.startsWith(".")) bare.add(name);
      else if (next === undefined) missing.add(`${file}: ${name}`);
      else follow(next);
    }
  };
  follow(entry);
  return { missing: [...missing], bare: [...bare].sort(), seen: seen.size };
}

/** How Pulumi marks a file on the wire. @see https://github.com/pulumi/pulumi/blob/master/sdk/nodejs/runtime/rpc.ts */
const specialKey = "4dabf18193072939515e22adb298388d";
const fileAsset = "c44067f5952c0a294b673a41bacd8c17";

function assetPaths(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  const group = value as Readonly<Record<string, unknown>>;
  if (group[specialKey] === fileAsset && typeof group["path"] === "string") return [group["path"]];
  return Object.values(group).flatMap(assetPaths);
}
