/**
 * A server without routes: who may ask, in which words errors come, what a connection is allowed. Apart from the routes,
 * because a function that serves a few starts faster without what the others need.
 */
import { setMaxListeners } from "node:events";
import fastify, { type FastifyInstance } from "fastify";
import { OnejobError } from "../../core/errors";
import { checkAccess } from "./access";
import { answerClientError, answerError } from "./answer-error";
import { defaultLimits, routeOf, type HttpContext, type HttpDeps, type HttpLimits } from "./context";
import { answers } from "./schemas";
import { answerHeaders } from "./error-answer";
import { guardBody, guardReader, lingerAfter } from "./slow-clients";
import { compileSchema } from "./validation";

export type Routes = (app: FastifyInstance, context: HttpContext) => void;

export interface BareServer {
  readonly app: FastifyInstance;
  add(routes: readonly Routes[]): void;
}

/** Not listening yet. */
export function bareServer(deps: HttpDeps): BareServer {
  const limits = { ...defaultLimits, ...deps.limits };
  const closing = new AbortController();
  // Everyone who is held or follows listens to it; that is no leak.
  setMaxListeners(0, closing.signal);
  const context: HttpContext = { ...deps, limits, closing: closing.signal };
  const app = newServer(limits, context);
  hooks(app, context);
  closeInTime(app, limits, closing);
  for (const [name, schema] of Object.entries(answers)) app.addSchema({ $id: name, ...schema });
  return {
    app,
    add(routes) {
      for (const each of routes) app.register(async (scope) => each(scope, context));
    },
  };
}

/** Longer than any job key or forge URL. */
const longestParameter = 2_048;

function newServer(limits: HttpLimits, context: HttpContext): FastifyInstance {
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
      reply.headers(answerHeaders(request.id));
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

function hooks(app: FastifyInstance, context: HttpContext): void {
  const { limits, logger, connected = true } = context;
  app.addHook("onRequest", (request, reply, next) => {
    reply.headers(answerHeaders(request.id));
    if (connected) {
      guardBody(request, limits);
      guardReader(request, reply.raw, limits);
    }
    checkAccess(request, context);
    next();
  });
  app.addHook("onResponse", async (request, reply) => {
    if (connected) lingerAfter(request, reply, limits);
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
