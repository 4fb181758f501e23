import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describeHttp, httpReference, httpReferencePath } from "../../../runtime/entry/local/docs/http-reference";
import { closeAll, startWorld } from "./http-world";

afterEach(closeAll);

/** INTERFACE, HTTP. */
const promised = [
  "POST /webhooks/{source}",
  "GET /health",
  "GET /ready",
  "GET /metrics",
  "GET /openapi.json",
  "POST /api/v1/jobs",
  "GET /api/v1/jobs",
  "GET /api/v1/jobs/{job}",
  "GET /api/v1/jobs/{job}/timeline",
  "GET /api/v1/jobs/{job}/why",
  "GET /api/v1/jobs/{job}/logs",
  "POST /api/v1/jobs/{job}/cancel",
  "POST /api/v1/jobs/{job}/rerun",
  "GET /api/v1/runners",
  "GET /api/v1/runners/{runner}",
  "POST /api/v1/runners/{runner}/drain",
  "POST /api/v1/uploads",
  "GET /api/v1/profiles",
  "GET /api/v1/status",
  "POST /api/v1/drain",
  "GET /api/v1/events",
  "POST /agent/v1/enrol",
  "POST /agent/v1/report",
  "POST /agent/v1/heartbeat",
  "GET /agent/v1/bundle",
];

interface Operation {
  readonly security?: readonly object[];
  readonly requestBody?: { readonly content: Readonly<Record<string, unknown>> };
  readonly responses: Readonly<Record<string, unknown>>;
}

interface Description {
  readonly openapi: string;
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>>; readonly securitySchemes: object };
}

async function description(): Promise<Description> {
  const server = await startWorld();
  return (await server.ask("/openapi.json")).json<Description>();
}

describe("/openapi.json", () => {
  it("describes every route of the interface and no other", async () => {
    const { paths } = await description();
    const described = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.sort()).toEqual([...promised].sort());
  });

  it("names the version that runs, and the two kinds of token", async () => {
    const { openapi, info, components } = await description();
    expect(openapi).toBe("3.1.0");
    expect(info.version).toBe("1.2.3");
    expect(Object.keys(components.securitySchemes)).toEqual(["token", "lease"]);
  });

  it("refers only to schemas that it holds", async () => {
    const whole = await description();
    const references = [...JSON.stringify(whole).matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1] ?? "");
    const known = Object.keys(whole.components.schemas).map((name) => `#/components/schemas/${name}`);
    expect(references.length).toBeGreaterThan(20);
    expect(references.filter((reference) => !known.includes(reference))).toEqual([]);
  });

  it("describes the bodies of the agent's messages and of a job that is handed in", async () => {
    const { paths } = await description();
    const bodies = (path: string) => JSON.stringify(paths[path]?.["post"]?.requestBody?.content ?? {});
    expect(bodies("/agent/v1/enrol")).toContain("bootedAt");
    expect(bodies("/agent/v1/report")).toContain("exitCode");
    expect(bodies("/agent/v1/heartbeat")).toContain("waitMs");
    expect(bodies("/api/v1/jobs")).toContain("multipart/form-data");
    expect(bodies("/api/v1/jobs")).toContain("retries");
  });

  it("says of every route which error shape its failures have, but for those that do not fail", async () => {
    const { paths } = await description();
    const without = Object.entries(paths).filter(([, operations]) =>
      Object.values(operations).some(({ responses }) => responses["default"] === undefined),
    );
    expect(without.map(([path]) => path)).toEqual(["/health", "/ready"]);
  });
});

describe("docs/http-api.md", () => {
  it("is what the server's description makes of it", async () => {
    const written = readFileSync(join(__dirname, "../../..", httpReferencePath), "utf8");
    expect(written).toBe(httpReference(await describeHttp()));
  });
});
