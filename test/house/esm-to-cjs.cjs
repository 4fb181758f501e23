/** Octokit ships ES modules only, which Jest cannot load: they are rewritten as they are read. */
const { transformSync } = require("esbuild");

module.exports = {
  process: (source, path) => transformSync(source, { format: "cjs", target: "node20", sourcefile: path }),
};
