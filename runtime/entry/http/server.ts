/**
 * The HTTP face of `onejob serve` (INTERFACE, HTTP). Routes parse, call a flow, and present; what they decide is only who
 * may ask, and in which words the answer comes.
 */
import fastifyMultipart from "@fastify/multipart";
import type { FastifyInstance } from "fastify";
import { bareServer, type Routes } from "./bare-server";
import type { HttpDeps } from "./context";
import { describeRoutes } from "./openapi";
import { agentRoutes } from "./routes-agent";
import { eventRoutes } from "./routes-events";
import { fleetRoutes } from "./routes-fleet";
import { jobRoutes } from "./routes-jobs";
import { logRoutes } from "./routes-logs";
import { serverRoutes } from "./routes-server";
import { submitRoutes } from "./routes-submit";
import { uploadRoutes } from "./routes-uploads";
import { webhookRoutes } from "./routes-webhooks";

/** What people and scripts may ask. */
const personsRoutes: readonly Routes[] = [jobRoutes, submitRoutes, uploadRoutes, logRoutes, fleetRoutes, eventRoutes];

/** Not listening yet. `close()` ends what is held or followed, and gives answers under way a moment. */
export function httpServer(deps: HttpDeps): FastifyInstance {
  return describedServer(deps, [serverRoutes, webhookRoutes, ...personsRoutes, agentRoutes]);
}

/** The same for people and scripts alone: no door for forges, none for agents. */
export function personsServer(deps: HttpDeps): FastifyInstance {
  return describedServer(deps, [serverRoutes, ...personsRoutes]);
}

function describedServer(deps: HttpDeps, routes: readonly Routes[]): FastifyInstance {
  const { app, add } = bareServer(deps);
  describeRoutes(app, deps.version);
  app.register(fastifyMultipart, { throwFileSizeLimit: false });
  add(routes);
  return app;
}
