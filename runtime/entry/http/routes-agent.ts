/** What the agent on a machine says (core/agent-protocol). Its lease speaks for one runner and for nothing else. */
import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { agentSchemas, type EnrolRequest, type HeartbeatRequest, type ReportRequest } from "../../core/agent-protocol";
import { OnejobError } from "../../core/errors";
import { enrolRunner } from "../../flow/enrol-runner";
import { findJob } from "../../flow/moves";
import { runnerOfLease, trackReport } from "../../flow/track-job";
import { bearer } from "./access";
import type { HttpContext } from "./context";
import { holdHeartbeat } from "./held-heartbeat";
import { answer, failure, rawAnswer } from "./schemas";
import { whileConnected } from "./slow-clients";

const tags = ["agent"];
const security = [{ lease: [] }];
const config = { access: "lease" } as const;

export function agentRoutes(app: FastifyInstance, context: HttpContext): void {
  const { ports, closing } = context;
  const enrolAnswers = {
    200: answer("EnrolAnswer", "Its runner, and its lease."),
    202: answer("EnrolLater", "Not ready; ask again."),
  };
  const enrol = {
    tags,
    summary: "Who am I?",
    security: [],
    body: agentSchemas.enrol,
    response: { ...enrolAnswers, ...failure },
  };
  app.post<{ Body: EnrolRequest }>(
    "/agent/v1/enrol",
    { schema: enrol, config: { access: "open" } },
    async ({ body }, reply) => {
      const enrolled = await enrolRunner(body, ports);
      return reply.code(enrolled.kind === "enrolled" ? 200 : 202).send(enrolled.answer);
    },
  );

  const response = { 200: answer("AgentOrders", "What to do."), ...failure };
  const report = { tags, summary: "What happened, with the log of it.", security, body: agentSchemas.report, response };
  app.post<{ Body: ReportRequest }>("/agent/v1/report", { schema: report, config }, async (request) =>
    trackReport(await runnerOfLease(bearer(request), ports), request.body, ports),
  );

  const heartbeat = {
    tags,
    summary: "Still there; held until there is an order.",
    security,
    body: agentSchemas.heartbeat,
    response,
  };
  app.post<{ Body: HeartbeatRequest }>("/agent/v1/heartbeat", { schema: heartbeat, config }, async (request, reply) =>
    holdHeartbeat({ lease: bearer(request), beat: request.body, signal: whileConnected(reply, closing) }, context),
  );

  const bundleAnswer = {
    200: rawAnswer("application/gzip", "The bytes that were handed in."),
    307: { description: "They are too large for an answer: fetch them there, without the lease.", type: "null" },
    ...failure,
  };
  const bundle = { tags, summary: "The packed working folder of the assigned job.", security, response: bundleAnswer };
  app.get("/agent/v1/bundle", { schema: bundle, config }, (request, reply) => sendBundle(request, reply, context));
}

async function sendBundle(
  request: FastifyRequest,
  reply: FastifyReply,
  { ports, limits }: HttpContext,
): Promise<FastifyReply> {
  const runner = await runnerOfLease(bearer(request), ports);
  const job = runner.job === null ? undefined : await findJob(runner.job, runner.profile, ports);
  if (job === undefined || !job.bound || job.runner !== runner.id || job.attempt !== runner.attempt)
    throw new OnejobError("stale-attempt", `runner ${runner.id} holds no job`);
  const { direct } = ports.files;
  if (job.work?.bundle && job.work.bundle.bytes > limits.bundleBytes && direct !== undefined)
    return reply.redirect(await direct.link(job.key), 307);
  const content = job.work?.bundle ? await ports.files.openBundle(job.key) : undefined;
  if (content === undefined) throw new OnejobError("not-found", `the working folder of ${job.key} is not kept`);
  return reply.type("application/gzip").send(Readable.from(content, { objectMode: false }));
}
