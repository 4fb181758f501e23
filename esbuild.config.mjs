/**
 * What `tsc` leaves to be done: the agent becomes one file, so does each function of a fleet on AWS, and libraries that
 * would weigh more than everything else together (Octokit's brings its types along a dozen times) are taken into the one
 * file that uses them.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const common = { bundle: true, platform: "node", target: "node20", format: "cjs", logLevel: "warning", metafile: true };

/** Our own modules stay where they are: a second copy of a class would be another class. */
const keepOurs = {
  name: "keep-ours",
  setup: ({ onResolve }) => {
    onResolve({ filter: /^\.{1,2}\// }, ({ path, importer }) =>
      importer === "" || importer.includes("node_modules") ? undefined : { path, external: true },
    );
  },
};

/** What a library loads at once and we never use: other ways to an engine, and to build images. */
const unused = /^(ssh2|@grpc\/grpc-js|@grpc\/proto-loader|protobufjs)$/;

const leaveOut = {
  name: "leave-out",
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: unused }, ({ path }) => ({ path, namespace: "unused" }));
    onLoad({ filter: /.*/, namespace: "unused" }, () => ({ contents: "module.exports = {};" }));
  },
};

/**
 * Every job waits for the cold start of two functions, so they carry nothing they do not need there: in Lambda credentials
 * come from the environment and from nowhere else, and the settings' schema is walked instead of compiled.
 */
const lean = {
  name: "lean",
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^@aws-sdk\/credential-provider-node$/ }, () => ({ path: "credentials", namespace: "lean" }));
    onLoad({ filter: /.*/, namespace: "lean" }, () => ({
      contents: `import { fromEnv } from "@aws-sdk/credential-provider-env"; export const defaultProvider = fromEnv;`,
      resolveDir: import.meta.dirname,
    }));
    onResolve({ filter: /^ajv$/ }, ({ importer }) =>
      importer.endsWith(join("runtime", "core", "settings-check.ts"))
        ? { path: join(import.meta.dirname, "runtime/entry/lambda/small-ajv.ts") }
        : undefined,
    );
  },
};

/** Of a client only what is used. */
const plainKeys = {
  name: "plain-keys",
  setup: ({ onLoad }) => {
    onLoad(
      { filter: /[\\/]@aws-sdk[\\/]client-[a-z0-9-]+[\\/]dist-es[\\/]schemas[\\/]schemas_0\.js$/ },
      ({ path }) => ({
        contents: withPlainKeys(readFileSync(path, "utf8")),
        loader: "js",
      }),
    );
  },
};

/** A computed key might run something, so a bundler keeps what has one, used or not: here nine tenths of EC2. */
function withPlainKeys(code) {
  const texts = new Map([...code.matchAll(/^const (\w+) = ("[^"]*");$/gm)].map(([, name, text]) => [name, text]));
  return code.replaceAll(/\[(_\w+)\]:/g, (key, name) => (texts.has(name) ? `${texts.get(name)}:` : key));
}

const functions = ["webhook", "agent", "api", "work", "sweep", "events"];

const results = await Promise.all([
  build({ ...common, entryPoints: ["runtime/agent/main.ts"], outfile: "dist/agent.js" }),
  build({
    ...common,
    entryPoints: functions.map((name) => `runtime/entry/lambda/${name}.ts`),
    outdir: "dist/lambda",
    minify: true,
    // Class names are what errors are told apart by.
    keepNames: false,
    mainFields: ["module", "main"],
    // What is imported later is Node's own: the loader of ES modules would be started for it.
    supported: { "dynamic-import": false },
    plugins: [lean, plainKeys],
  }),
  build({
    ...common,
    entryPoints: [
      "dist/runtime/sources/github/octokit.js",
      "dist/runtime/compute/docker/engine.js",
      "dist/runtime/compute/docker/archive.js",
      "dist/runtime/cli/pack.js",
    ],
    outdir: "dist/runtime",
    outbase: "dist/runtime",
    allowOverwrite: true,
    plugins: [keepOurs, leaveOut],
  }),
  build({
    ...common,
    // Not what `tsc` made of it: all that a `require` names is kept.
    entryPoints: ["runtime/cli/fleet/aws.ts"],
    outfile: "dist/runtime/cli/fleet/aws.js",
    minify: true,
    mainFields: ["module", "main"],
    // On Node 20 it would tell people to get newer versions of what is in here already.
    define: { "process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED": '"true"' },
    allowOverwrite: true,
    plugins: [plainKeys],
  }),
]);

writeFileSync(
  "dist/THIRD_PARTY_LICENSES.txt",
  licenses(results.flatMap(({ metafile }) => Object.keys(metafile.inputs))),
);

/** Of every package that is in there, its own words. */
function licenses(inputs) {
  const folders = new Set(inputs.flatMap((input) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input) ?? []));
  return [...folders].sort().map(license).join("\n\n");
}

function license(folder) {
  const { name, version, license: kind } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file === undefined ? `License: ${String(kind)}` : readFileSync(join(folder, file), "utf8").trim();
  return `== ${name} ${version}\n\n${text}`;
}
