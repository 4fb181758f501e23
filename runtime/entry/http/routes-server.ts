/** Is the server there, is it well, what does it offer? */
import type { FastifyInstance, FastifyReply } from "fastify";
import type { HttpContext, ReadyCheck, ShownMeter } from "./context";
import { answer, failure, rawAnswer } from "./schemas";

const tags = ["server"];
const open = { access: "open" } as const;

export function serverRoutes(app: FastifyInstance, context: HttpContext): void {
  const health = {
    tags,
    summary: "Whether the process answers.",
    security: [],
    response: { 200: answer("Health", "It does.") },
  };
  app.get("/health", { schema: health, config: open, exposeHeadRoute: true }, () => ({ ok: true }));

  const readiness = {
    tags,
    summary: "Whether it can do its work, check by check.",
    security: [],
    response: { 200: answer("Ready", "All is well."), 503: answer("Ready", "Something is not; see `checks`.") },
  };
  app.get("/ready", { schema: readiness, config: open, exposeHeadRoute: true }, (_, reply) =>
    answerReady(reply, context),
  );

  if (context.meter !== undefined) metricsRoute(app, context.meter);

  const openapi = {
    tags,
    summary: "This description.",
    response: { 200: { description: "OpenAPI 3.1.", type: "object" }, ...failure },
  };
  app.get("/openapi.json", { schema: openapi }, () => app.swagger());
}

function metricsRoute(app: FastifyInstance, meter: ShownMeter): void {
  const metrics = {
    tags,
    summary: "Metrics for Prometheus.",
    response: { 200: rawAnswer("text/plain", "Text format 0.0.4."), ...failure },
  };
  app.get("/metrics", { schema: metrics }, async (_, reply) => reply.type(meter.contentType).send(await meter.text()));
}

async function answerReady(reply: FastifyReply, context: HttpContext): Promise<FastifyReply> {
  const checks = await runChecks(context);
  const ready = checks.every(({ ok }) => ok);
  if (!ready) reply.code(503).header("retry-after", 5);
  return reply.send({ ready, checks });
}

/** A check that cannot even be made is a check that failed, and no fault of whoever asked. */
async function runChecks(context: HttpContext): Promise<readonly ReadyCheck[]> {
  try {
    return await context.ready();
  } catch (error) {
    context.logger.error("readiness could not be checked", { error });
    return [{ name: "checks", ok: false, fix: "look at the server's log: the checks themselves failed" }];
  }
}
