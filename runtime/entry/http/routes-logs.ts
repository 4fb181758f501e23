/** What a job printed, byte by byte; on wish until it has ended. */
import { pipeline } from "node:stream/promises";
import type { FastifyInstance } from "fastify";
import { isFinal } from "../../core/lifecycle";
import type { Job } from "../../core/model";
import type { Change } from "./changes";
import { findJob } from "../../flow/moves";
import { resolveJob } from "../../flow/read-job";
import type { HttpContext, JobParams } from "./context";
import { failure, jobParams as params, rawAnswer } from "./schemas";
import { headersOf, whileConnected } from "./slow-clients";

interface LogQuery {
  readonly offset: number;
  readonly follow: boolean;
}

const schema = {
  tags: ["jobs"],
  summary: "What a job printed.",
  params,
  querystring: {
    type: "object",
    properties: {
      offset: {
        type: "integer",
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
        default: 0,
        description: "First byte wanted.",
      },
      follow: { type: "boolean", default: false, description: "Stay until the job has ended." },
    },
  },
  response: {
    200: rawAnswer(
      "text/plain",
      "Its bytes from `offset` on; the header X-Onejob-Log-Size says how many there were. A server that answers only what " +
        "there is says the job's state in X-Onejob-Job-State: ask again until that is final and all is read.",
    ),
    ...failure,
  },
} as const;

export function logRoutes(app: FastifyInstance, context: HttpContext): void {
  const { ports, closing, logger } = context;
  app.get<{ Params: JobParams; Querystring: LogQuery }>(
    "/api/v1/jobs/:job/logs",
    { schema },
    async (request, reply) => {
      const job = await resolveJob(request.params.job, ports);
      const size = await ports.files.logSize(job.key);
      const signal = whileConnected(reply, closing);
      // On the bare response: the head must go out at once, although the first byte may take minutes.
      reply.hijack();
      const { raw } = reply;
      const type = { "content-type": "text/plain; charset=utf-8", "x-onejob-log-size": String(size) };
      // Read before the log was measured: with a final one, that was all.
      const state = context.changes === undefined ? { "x-onejob-job-state": job.state } : {};
      raw.writeHead(200, { ...headersOf(reply), ...type, ...state });
      raw.flushHeaders();
      try {
        await pipeline(logBytes(job, { ...request.query, signal }, context), raw);
      } catch (error) {
        if (!signal.aborted) logger.error("log could not be read", { request: request.id, job: job.key, error });
        raw.destroy();
      }
    },
  );
}

interface Reading extends LogQuery {
  readonly signal: AbortSignal;
}

async function* logBytes(
  job: Job,
  { offset, follow, signal }: Reading,
  context: HttpContext,
): AsyncGenerator<Uint8Array> {
  const { ports, changes, limits } = context;
  let at = offset;
  const end = offset + limits.logBytes;
  const news = (change: Change): boolean =>
    (change.kind === "log" && change.job === job.key && change.size > at) ||
    (change.kind === "job" && change.job.key === job.key && isFinal(change.job.state));
  while (!signal.aborted) {
    const told = follow ? changes?.wait(news, limits.recheckMs, signal) : undefined;
    // Asked before the log is read: what was printed before the end is there by then.
    const ended = told === undefined || (await hasEnded(job, context));
    while (at < end) {
      const chunk = await ports.files.readLog(job.key, at, Math.min(limits.logPieceBytes, end - at));
      if (chunk.length === 0 || signal.aborted) break;
      at += chunk.length;
      yield chunk;
    }
    if (ended || at >= end) return;
    await told;
  }
}

/** A job that is no longer kept will not print any more either. */
async function hasEnded(job: Job, { ports }: HttpContext): Promise<boolean> {
  const current = await findJob(job.key, job.profile, ports);
  return current === undefined || isFinal(current.state);
}
