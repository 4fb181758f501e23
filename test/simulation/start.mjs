/** Bundles the simulator, which is TypeScript, and runs it: `npm run simulate -- --seeds 1000 --jobs 200 --faults all`. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { build } from "esbuild";

const root = join(import.meta.dirname, "../..");
// Below node_modules, so that what is not taken in is found from there.
const outfile = join(root, "node_modules/.cache/onejob-simulation/main.cjs");

await build({
  absWorkingDir: root,
  entryPoints: ["test/simulation/main.ts"],
  outfile,
  bundle: true,
  packages: "external",
  platform: "node",
  target: "node20",
  format: "cjs",
  sourcemap: "inline",
  logLevel: "warning",
});

process.setSourceMapsEnabled(true);
// In this process, so that a Ctrl-C reaches it.
createRequire(import.meta.url)(outfile);
