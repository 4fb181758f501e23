/**
 * The HTTP face of `onejob serve` (INTERFACE, HTTP). Routes parse, call a flow, and present; what they decide is only who
 * may ask, and in which words the answer comes.
 */
import { setMaxListeners } from "node:events";
import fastifyMultipart from "@fastify/multipart";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { OnejobError } from "../../../core/errors";
import { checkAccess } from "./access";
import { answerClientError, answerError } from "./answer-error";
import { defaultLimits, routeOf, type HttpContext, type HttpDeps, type HttpLimits } from "./context";
import { describeRoutes } from "./openapi";
import { agentRoutes } from "./routes-agent";
import { eventRoutes } from "./routes-events";
import { fleetRoutes } from "./routes-fleet";
import { jobRoutes } from "./routes-jobs";
import { logRoutes } from "./routes-logs";
import { serverRoutes } from "./routes-server";
import { submitRoutes } from "./routes-submit";
import { webhookRoutes } from "./routes-webhooks";
import { guardBody, guardReader, lingerAfter } from "./slow-clients";
import { compileSchema } from "./validation";

/** Not listening yet. `close()` ends what is held or followed, and gives answers under way a moment. */
export function httpServer(deps: HttpDeps): FastifyInstance {
  const limits = { ...defaultLimits, ...deps.limits };
  const closing = new AbortController();
  // Everyone who is held or follows listens to it; that is no leak.
  setMaxListeners(0, closing.signal);
  const context: HttpContext = { ...deps, limits, closing: closing.signal };
  const app = bareServer(limits, context);
  hooks(app, context);
  closeInTime(app, limits, closing);
  describeRoutes(app, deps.version);
  app.register(fastifyMultipart, { throwFileSizeLimit: false });
  for (const routes of [
    serverRoutes,
    webhookRoutes,
    jobRoutes,
    submitRoutes,
    logRoutes,
    fleetRoutes,
    eventRoutes,
    agentRoutes,
  ]) {
    app.register(async (scope) => routes(scope, context));
  }
  return app;
}

/** Longer than any job key or forge URL. */
const longestParameter = 2_048;

function bareServer(limits: HttpLimits, context: HttpContext): FastifyInstance {
  const app: FastifyInstance = fastify({
    bodyLimit: limits.jsonBytes,
    keepAliveTimeout: limits.keepAliveMs,
    // Uploads, followed logs and held heartbeats take long; `guardBody` watches what has to be quick.
    requestTimeout: 0,
    http: { headersTimeout: limits.headersMs, connectionsCheckingInterval: limits.connectionCheckMs },
    exposeHeadRoutes: false,
    forceCloseConnections: "idle",
    // Agents still report while the server closes; `accepting` refuses what must not begin.
    return503OnClosing: false,
    routerOptions: { maxParamLength: longestParameter },
    genReqId: ({ headers }) => requestId(headers["x-request-id"], context),
    frameworkErrors: (error, request, reply) => {
      answerHeaders(request, reply);
      answerError({ error, request, reply }, context);
    },
    clientErrorHandler: answerClientError,
  });
  app.server.maxConnections = limits.connections;
  app.removeContentTypeParser("text/plain");
  app.setValidatorCompiler(compileSchema);
  // Answers are made by us, field by field: a serialiser that drops what a schema forgot would only hide mistakes.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  app.setErrorHandler((error, request, reply) => answerError({ error, request, reply }, context));
  app.setNotFoundHandler(({ method }) => {
    throw new OnejobError("not-found", `${method} on this path; /openapi.json lists all there are`);
  });
  return app;
}

/** The caller's own, if it is harmless to log. */
function requestId(given: string | string[] | undefined, { ports }: HttpContext): string {
  return typeof given === "string" && /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : ports.random.id(16);
}

function answerHeaders({ id }: FastifyRequest, reply: FastifyReply): void {
  // A job's output must not be taken for a page.
  reply.headers({ "x-request-id": id, "x-content-type-options": "nosniff", "cache-control": "no-store" });
}

function hooks(app: FastifyInstance, context: HttpContext): void {
  const { limits, logger } = context;
  app.addHook("onRequest", (request, reply, next) => {
    answerHeaders(request, reply);
    guardBody(request, limits);
    guardReader(request, reply.raw, limits);
    checkAccess(request, context);
    next();
  });
  app.addHook("onResponse", async (request, reply) => {
    lingerAfter(request, reply, limits);
    const { id, method, params } = request;
    const ms = Math.round(reply.elapsedTime);
    // The route and its ids, never the address as it came: a query may hold secrets.
    logger.debug("request answered", {
      request: id,
      method,
      route: routeOf(request),
      params,
      status: reply.statusCode,
      ms,
    });
  });
}

function closeInTime(app: FastifyInstance, limits: HttpLimits, closing: AbortController): void {
  app.addHook("preClose", async () => {
    closing.abort();
    const timer = setTimeout(() => app.server.closeAllConnections(), limits.closeMs).unref();
    app.server.once("close", () => clearTimeout(timer));
  });
}
