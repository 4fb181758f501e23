/** `GET /agent/v1/agent.js`: the agent itself, for machines that start from an image that does not hold it. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { FastifyInstance } from "fastify";
import type { Routes } from "../http/bare-server";
import { once } from "./once";

const keptSeconds = 24 * 3_600;

/** Open: it holds no secret, and whoever starts it has to prove something first. */
export function agentProgram(file: string): Routes {
  const program = once(async () => {
    const content = await readFile(file);
    return { content, etag: `"${createHash("sha256").update(content).digest("base64url")}"` };
  });
  return (app: FastifyInstance): void => {
    app.get("/agent/v1/agent.js", { config: { access: "open" } }, async (request, reply) => {
      const { content, etag } = await program();
      reply.headers({ etag, "cache-control": `public, max-age=${keptSeconds}` });
      const known = request.headers["if-none-match"] ?? "";
      if (known.split(",").some((one) => one.trim().replace(/^W\//, "") === etag)) return reply.code(304).send();
      return reply.type("text/javascript; charset=utf-8").send(content);
    });
  };
}
