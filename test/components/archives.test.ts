/** What is deployed is what is tested: each function's archive, taken out of the declared fleet and run in a bare Node. */
import { execFile } from "node:child_process";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { asset } from "@pulumi/pulumi";
import { RunnerFleet } from "../../components";
import { findBundles } from "../../components/bundles";
import { functionNames } from "../../components/function-names";
import { variants } from "../fixtures/pulumi-fleets";
import { declare } from "../fixtures/pulumi-graph";
import type { Graph, Mode } from "../fixtures/pulumi-graph";
import { temporaryFolder } from "../fixtures/temporary-folder";

const run = promisify(execFile);
const graphs = new Map<Mode, Promise<Graph>>();

type Files = Readonly<Record<string, asset.Asset>>;

async function archiveOf(name: string, mode: Mode = "update"): Promise<Files> {
  const fleet = variants["everything"];
  if (fleet === undefined) throw new Error("there is no such fleet");
  const graph = graphs.get(mode) ?? declare(() => new RunnerFleet("ci", fleet), { mode });
  graphs.set(mode, graph);
  const found = (await graph).resources.find(
    ({ type, name: own }) => type.endsWith(":Function") && own === `ci-functions-${name}`,
  );
  const code = found?.inputs["code"];
  if (!(code instanceof asset.AssetArchive)) throw new Error(`${name} has no archive`);
  return (await code.assets) as Files;
}

async function textOf(file: asset.Asset | undefined): Promise<string> {
  if (!(file instanceof asset.StringAsset)) throw new Error("not a text");
  return file.text;
}

async function unpack(files: Files, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, file] of Object.entries(files)) {
    if (file instanceof asset.FileAsset) await copyFile(await file.path, join(folder, name));
    else await writeFile(join(folder, name), await textOf(file));
  }
}

describe("the archive of function", () => {
  it.each(functionNames)("%s holds an entry and a bundle, and only the agent's the agent", async (name) => {
    const files = Object.keys(await archiveOf(name)).sort();
    expect(files).toEqual(["__index.js", ...(name === "agent" ? ["agent.js"] : []), "runtime.js"]);
  });

  it.each(functionNames)("%s has an entry that does nothing but hand the facts to the bundle", async (name) => {
    const text = await textOf((await archiveOf(name))["__index.js"]);
    const create = `create${name.charAt(0).toUpperCase()}${name.slice(1)}`;
    const body = new RegExp(
      `\\(\\) => \\{\\s*const \\{ ${create} \\} = require\\("\\./runtime"\\);\\s*return ${create}\\(facts\\.get\\(\\)\\);\\s*\\}`,
    );
    expect(text).toMatch(body);
    expect(text.length).toBeLessThan(4_000);
  });

  it("knows the fleet by names, and no secret", async () => {
    const text = await textOf((await archiveOf("work"))["__index.js"]);
    expect(text).toContain("onejob-ci-small");
    expect(text).toContain("AROACIMACHINESSMALL");
    expect(text).not.toMatch(/private-key|webhook-secret|ghes-token/);
  });

  it("can be made in a preview, when nothing is known yet", async () => {
    expect(await textOf((await archiveOf("work", "preview"))["__index.js"])).toContain("createWork");
  });

  it.each(functionNames)("%s gives a handler in a bare Node, as Lambda would load it", async (name) => {
    const folder = await temporaryFolder();
    try {
      await unpack(await archiveOf(name), folder.path);
      const script = 'const { handler } = require("./__index.js"); process.stdout.write(typeof handler);';
      const { stdout } = await run(process.execPath, [...noEsmByRequire, "-e", script], {
        cwd: folder.path,
        env: { PATH: process.env["PATH"], AWS_REGION: "eu-central-1" },
      });
      expect(stdout).toBe("function");
    } finally {
      await folder.remove();
    }
  });

  it("answers a webhook without a source in a bare Node, without asking AWS for anything", async () => {
    const folder = await temporaryFolder();
    try {
      await unpack(await archiveOf("webhook"), folder.path);
      const script = `require("./__index.js").handler(${JSON.stringify(notAWebhook)}).then((a) => console.log(JSON.stringify(a)))`;
      const { stdout } = await run(process.execPath, [...noEsmByRequire, "-e", script], {
        cwd: folder.path,
        env: {
          PATH: process.env["PATH"],
          AWS_REGION: "eu-central-1",
          AWS_ACCESS_KEY_ID: "x",
          AWS_SECRET_ACCESS_KEY: "x",
        },
      });
      expect(stdout).toMatch(/"statusCode":4\d\d/);
    } finally {
      await folder.remove();
    }
  });
});

/** Lambda's own setting. Node 18 and older know no such switch, and no such loading. */
const noEsmByRequire = ["--no-experimental-require-module"];

const notAWebhook = {
  version: "2.0",
  rawPath: "/nothing/here",
  rawQueryString: "",
  headers: {},
  requestContext: { http: { method: "GET", path: "/nothing/here", sourceIp: "192.0.2.1" }, requestId: "1" },
  isBase64Encoded: false,
};

describe("what is not built", () => {
  it("is told with the command that builds it", async () => {
    const folder = await temporaryFolder();
    try {
      const components = join(folder.path, "components");
      expect(() => findBundles(components)).toThrow(/webhook\.js and 6 more: not built; run `npm run build` in /);
    } finally {
      await folder.remove();
    }
  });

  it("is looked for beside built components", () => {
    expect(() => findBundles("/somewhere/dist/components")).toThrow("/somewhere/dist/lambda/webhook.js");
  });
});
