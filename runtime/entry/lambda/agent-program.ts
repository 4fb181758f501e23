/**
 * `GET /agent/v1/agent.js`: the agent itself, for machines that start from an image that does not hold it.
 * `?sha256=<hex>`: the one with this checksum, also of an earlier deployment; where it is not kept, the present one.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { FastifyInstance } from "fastify";
import type { Routes } from "../http/bare-server";
import type { KeptAgents } from "./kept-agents";
import { once } from "./once";

const keptSeconds = 24 * 3_600;

interface Program {
  readonly content: Uint8Array;
  readonly sha256: string;
}

const query = {
  type: "object",
  properties: { sha256: { type: "string", pattern: "^[0-9a-f]{64}$" } },
} as const;

/** Open: it holds no secret, and whoever starts it has to prove something first. */
export function agentProgram(file: string, kept: KeptAgents): Routes {
  const own = once(async () => programOf(await readFile(file)));
  const wanted = async (sha256: string | undefined): Promise<Program> => {
    const present = await own();
    if (sha256 === undefined || sha256 === present.sha256) return present;
    const earlier = await kept(sha256);
    return earlier === undefined ? present : programOf(earlier);
  };
  return (app: FastifyInstance): void => {
    app.get<{ Querystring: { readonly sha256?: string } }>(
      "/agent/v1/agent.js",
      { config: { access: "open" }, schema: { querystring: query } },
      async (request, reply) => {
        const { content, sha256 } = await wanted(request.query.sha256);
        const etag = `"${sha256}"`;
        reply.headers({ etag, "cache-control": `public, max-age=${keptSeconds}` });
        const known = request.headers["if-none-match"] ?? "";
        if (known.split(",").some((one) => one.trim().replace(/^W\//, "") === etag)) return reply.code(304).send();
        return reply.type("text/javascript; charset=utf-8").send(Buffer.from(content));
      },
    );
  };
}

function programOf(content: Uint8Array): Program {
  return { content, sha256: createHash("sha256").update(content).digest("hex") };
}
