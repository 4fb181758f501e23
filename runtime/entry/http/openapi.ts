/** The description of the API, made from the schemas of its routes. */
import fastifySwagger from "@fastify/swagger";
import type { FastifyInstance } from "fastify";

/** Before the routes: it listens to each being added. */
export function describeRoutes(app: FastifyInstance, version: string): void {
  app.register(fastifySwagger, {
    convertConstToEnum: false,
    refResolver: { buildLocalReference: (...[{ $id }, , , index]) => (typeof $id === "string" ? $id : `def-${index}`) },
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Onejob",
        version,
        description: "CI runners that do one job and disappear.",
        license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      },
      servers: [{ url: "/", description: "This server." }],
      tags: [
        { name: "server", description: "Is it there, and how is it?" },
        { name: "jobs", description: "Hand in work, and follow it." },
        { name: "fleet", description: "Profiles and runners." },
        { name: "sources", description: "Where forges report." },
        { name: "agent", description: "What the program on a machine says. Version 1." },
      ],
      components: {
        securitySchemes: {
          token: { type: "http", scheme: "bearer", description: "The file `token` in the server's data folder." },
          lease: { type: "http", scheme: "bearer", description: "What `enrol` answered; for one runner only." },
        },
      },
      security: [{ token: [] }],
    },
  });
}
