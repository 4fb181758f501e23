/** `npm run docs`: writes every generated page, from the project's root. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { generatedDocs } from "./generated-docs";

async function writeDocs(): Promise<void> {
  for (const { path, render } of generatedDocs) {
    writeFileSync(path, await render(existsSync(path) ? readFileSync(path, "utf8") : ""));
  }
}

writeDocs().catch((error: unknown) => {
  process.stderr.write(`onejob: the docs could not be written: ${String(error)}\n`);
  process.exitCode = 1;
});
