/** Every stack and example, run by Pulumi's own program runner: what it would do at `pulumi preview` and `pulumi up`. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { fakeAws, isTaggable } from "./fake-aws";
import { runProgram, stackConfig, type Program, type ProgramRun } from "./run-program";

const stacks = join(__dirname, "../../stacks");
const perProgram = 60_000;

function stackProgram(
  stack: string,
  config: Readonly<Record<string, unknown>> = stackConfig(stack),
): Omit<Program, "preview"> {
  return { project: "onejob", stack, folder: stacks, entry: "index.ts", config, provider: fakeAws };
}

function exampleProgram(example: string): Omit<Program, "preview"> {
  const folder = join(stacks, "examples", example);
  return { project: `onejob-${example}`, stack: "dev", folder, entry: "index.ts", config: {}, provider: fakeAws };
}

/** Those that find the package in this tree; the one that installs it has a test of its own. */
const examples = readdirSync(join(stacks, "examples")).filter(
  (example) => !existsSync(join(stacks, "examples", example, "package.json")),
);
const programs = [
  ...["dev", "prod"].map((stack) => [`stack ${stack}`, stackProgram(stack)] as const),
  ...examples.map((example) => [`example ${example}`, exampleProgram(example)] as const),
];

function errorsOf({ engine }: ProgramRun): readonly string[] {
  return engine.logged.filter(({ severity }) => severity === "error").map(({ message }) => message);
}

const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

describe.each(programs)("%s", (_, program) => {
  describe.each([
    ["preview", true],
    ["up", false],
  ])("at %s", (_mode, preview) => {
    let run: ProgramRun;
    beforeAll(async () => {
      run = await runProgram({ ...program, preview });
    }, perProgram);

    it("ends well, and nothing goes wrong unseen", () => {
      expect(errorsOf(run)).toEqual([]);
      expect(run.output).toBe("");
      expect(run.exitCode).toBe(0);
      expect(run.engine.resources.length).toBeGreaterThan(80);
    });

    it("names everything once", () => {
      const names = run.engine.resources.map(({ type, name }) => `${type} ${name}`);
      expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
    });

    it("tags everything that can have tags", () => {
      const ours = run.engine.resources.filter(({ urn }) => urn.includes("onejob:index:RunnerFleet$"));
      const untagged = ours
        .filter(isTaggable)
        .filter(({ inputs }) => !Object.hasOwn(Object(inputs["tags"]), "onejob:fleet"));
      expect(untagged.map(({ type, name }) => `${type} ${name}`)).toEqual([]);
    });

    it("hands no secret to the state", () => {
      expect(JSON.stringify(run.engine.resources)).not.toContain(secretSignature);
    });
  });
});

describe("a stack with a bad config", () => {
  it(
    "is refused before anything is made, with all that is wrong and what to write instead",
    async () => {
      const config = {
        "aws:region": "us-east-1",
        "onejob:sources": [
          { name: "gh", kind: "github", url: "https://ghes.example.com/api/v3", scopes: ["acme"], auth: { appId: 1 } },
        ],
        "onejob:profiles": [
          { name: "a", labels: ["linux"], compute: { kind: "ec2", types: ["m7g.large"] } },
          { name: "b", labels: ["Linux"], limits: { maxRunners: 0 } },
        ],
        "onejob:protct": true,
      };
      const run = await runProgram({ ...stackProgram("dev", config), preview: true });
      const said = errorsOf(run).join("\n");
      for (const path of [
        "sources[0].url",
        "profiles[0].compute.types[0]",
        "profiles[1].labels",
        "profiles[1].limits.maxRunners",
        "protct",
      ])
        expect(said).toContain(path);
      expect(said).not.toContain("    at ");
      expect(run.exitCode).not.toBe(0);
      expect(run.engine.resources.filter(({ custom }) => custom)).toEqual([]);
    },
    perProgram,
  );
});

describe("Pulumi.yaml", () => {
  it("names a file as its program, as a folder would run the library's own entry and declare nothing", () => {
    const file: unknown = parse(readFileSync(join(stacks, "../Pulumi.yaml"), "utf8"));
    expect(file).toMatchObject({ name: "onejob", main: "stacks/index.ts", stackConfigDir: "stacks" });
  });
});
