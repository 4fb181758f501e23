import { catalogue } from "../../runtime/core/errors";
import { reasons } from "../../runtime/core/reasons";
import { protocolTable } from "../../runtime/entry/local/docs/protocol-reference";
import { errorTable, reasonTable } from "../../runtime/entry/local/docs/reason-reference";

/** The cells of the row that begins with this code. */
function cells(table: string, code: string): readonly string[] {
  const row = table.split("\n").find((line) => line.startsWith(`| \`${code}\` `));
  return (row ?? "")
    .split(" | ")
    .slice(1)
    .map((cell) => cell.replace(/ \|$/, "").trim());
}

describe("the table of reasons", () => {
  it.each(Object.entries(reasons))("says for %s what the CLI says", (code, { what, fix }) => {
    expect(cells(reasonTable(), code)).toEqual([what, fix]);
  });
});

describe("the table of errors", () => {
  it.each(Object.entries(catalogue))("gives for %s its exit code, status and words", (code, entry) => {
    const again = entry.retry ? "yes" : "no";
    const { exitCode, httpStatus, what, fix } = entry;
    expect(cells(errorTable(), code)).toEqual([String(exitCode), String(httpStatus), again, what, fix]);
  });
});

describe("the numbers of the agent protocol", () => {
  it.each([
    ["SIGTERM to SIGKILL", "10s"],
    ["result of an ended job", "1d"],
    ["kept of one attempt", "64 MiB"],
  ])("say for %s: %s", (what, value) => {
    const row = protocolTable()
      .split("\n")
      .find((line) => line.includes(what));
    expect(row).toMatch(new RegExp(`\\| ${value} +\\|$`));
  });
});
