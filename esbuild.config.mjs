/**
 * What `tsc` leaves to be done: the agent becomes one file, and libraries that would weigh more than everything else
 * together (Octokit's brings its types along a dozen times) are taken into the one file that uses them.
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

const results = await Promise.all([
  build({ ...common, entryPoints: ["runtime/agent/main.ts"], outfile: "dist/agent.js" }),
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
