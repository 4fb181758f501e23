/** Makes docs/http-api.md from the description that the server itself publishes: `npm run docs`. */
import type { HttpDeps } from "../../http/context";
import { markdownTable } from "./markdown-table";
import { httpServer } from "../../http/server";

export const httpReferencePath = "docs/http-api.md";

interface Operation {
  readonly summary?: string;
  readonly security?: readonly Readonly<Record<string, unknown>>[];
  readonly responses?: Readonly<
    Record<string, { readonly description?: string; readonly content?: Readonly<Record<string, unknown>> }>
  >;
}

interface Description {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** The description of the API by a server that serves nobody. */
export async function describeHttp(): Promise<Description> {
  // Routes are only described here, never called, so nothing of this is ever read.
  const nothing = { changes: {}, meter: {} } as HttpDeps;
  const app = httpServer(nothing);
  await app.ready();
  return app.swagger() as Description;
}

export function httpReference({ paths = {} }: Description): string {
  const rows = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => row(method, path, operation as Operation)),
  );
  return `${[introduction, ...markdownTable(header, rows)].join("\n")}\n`;
}

const introduction = `# HTTP API

Made from the server's own description by \`npm run docs\`; do not edit it here. \`/openapi.json\` has all fields.

- One port. Bodies are JSON, times RFC 3339 with milliseconds in UTC.
- The server's token goes into \`Authorization: Bearer\`; it stands in the file \`token\` of the data folder. Agents use the lease that \`enrol\` gave them.
- Whatever is not done is answered as \`{"error": {"code", "what", "fix", "retry", "details"?}}\`; 429 and 503 carry \`Retry-After\`.
- Each answer has \`X-Request-Id\`; the server's log has the same id. A harmless one of your own is kept.
- \`POST /api/v1/jobs\` takes a form: \`spec\` first, then the file \`bundle\` if there is one. With the same \`Idempotency-Key\` only one job is made: the first, whatever comes with the key later.
- A fleet on AWS takes no form beyond 4 MB: \`POST /api/v1/uploads\` says where the packed folder goes, and the spec names it as \`upload\`. It holds nothing open: a log is asked for again, and there are no events.
- \`GET /api/v1/events\` sends what changes from now on; a client that does not read is cut off.
`;

const header = ["method", "path", "needs", "what it does", "answers"];

function row(method: string, path: string, { summary = "", security, responses = {} }: Operation): string[] {
  const needs =
    security === undefined ? "token" : security.flatMap((scheme) => Object.keys(scheme)).join(", ") || "nothing";
  const codes = Object.entries(responses)
    .filter(([code]) => code !== "default")
    .map(([code, { description = "" }]) => `${code}: ${description}`);
  return [method.toUpperCase(), `\`${path}\``, needs, summary, codes.join(" ")];
}
