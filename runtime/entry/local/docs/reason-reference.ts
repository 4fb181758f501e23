/** The tables of `docs/troubleshooting.md`: every reason and every error, in the words that CLI, API and log use. */
import { catalogue } from "../../../core/errors";
import { reasons } from "../../../core/reasons";
import { markdownTable } from "./markdown-table";

export function reasonTable(): string {
  const rows = Object.entries(reasons).map(([code, { what, fix }]) => [`\`${code}\``, what, fix]);
  return markdownTable(["reason", "what it says", "what to do"], rows).join("\n");
}

export function errorTable(): string {
  const rows = Object.entries(catalogue).map(([code, { what, fix, retry, httpStatus, exitCode }]) => {
    const again = retry ? "yes" : "no";
    return [`\`${code}\``, String(exitCode), String(httpStatus), again, what, fix];
  });
  return markdownTable(["error", "exit", "HTTP", "try again", "what it says", "what to do"], rows).join("\n");
}
