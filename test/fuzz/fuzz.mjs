/** Bundles the fuzzer, which is TypeScript, and runs it: `node test/fuzz/fuzz.mjs --inputs 1000000 --seed 1`. */
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const root = join(import.meta.dirname, "../..");
// Below node_modules, so that what is not taken in is found from there; one for each run, whose threads load it anew.
const folder = join(root, "node_modules/.cache/onejob-fuzz", String(process.pid));
const outfile = join(folder, "main.cjs");

await build({
  absWorkingDir: root,
  entryPoints: ["test/fuzz/main.ts"],
  outfile,
  bundle: true,
  packages: "external",
  platform: "node",
  target: "node20",
  format: "cjs",
  sourcemap: "inline",
  logLevel: "warning",
});

const args = ["--enable-source-maps", outfile, ...process.argv.slice(2)];
const child = spawn(process.execPath, args, { cwd: root, stdio: "inherit" });
// The terminal's Ctrl-C reaches both; this one stays to clear away.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => child.kill());
child.once("exit", (code) => {
  rmSync(folder, { recursive: true, force: true });
  process.exitCode = code ?? 1;
});
