/** Jobs: listed, looked at, cancelled, run again. How they are handed in stands in `routes-submit.ts`. */
import type { FastifyInstance } from "fastify";
import { jobStates, type JobState } from "../../core/model";
import type { JobQuery } from "../../core/ports";
import { timelineJson } from "../../core/present";
import { cancelJob } from "../../flow/cancel-job";
import { readTimeline, readWhy, resolveJob } from "../../flow/read-job";
import { rerunJob } from "../../flow/rerun-job";
import type { HttpContext, JobParams } from "./context";
import { jobLocation, refuseWhenClosing } from "./intake";
import { presentJob, presentJobs } from "./present-jobs";
import { answer, failure, jobParams as params } from "./schemas";

const tags = ["jobs"];

interface ListQuery {
  readonly state?: JobState;
  readonly source?: string;
  readonly profile?: string;
  readonly limit: number;
  readonly cursor?: string;
}

const name = { type: "string", minLength: 1, maxLength: 200 } as const;
const listQuery = {
  type: "object",
  properties: {
    state: { type: "string", enum: jobStates },
    source: name,
    profile: name,
    limit: { type: "integer", minimum: 1, maximum: 500, default: 50, description: "Most jobs in one answer." },
    cursor: { type: "string", minLength: 1, maxLength: 2_000, description: "`nextCursor` of the answer before." },
  },
} as const;

export function jobRoutes(app: FastifyInstance, context: HttpContext): void {
  readRoutes(app, context);
  actionRoutes(app, context);
}

function readRoutes(app: FastifyInstance, { ports }: HttpContext): void {
  const list = {
    tags,
    summary: "Lists jobs, newest first.",
    querystring: listQuery,
    response: { 200: answer("JobList", "One page."), ...failure },
  };
  app.get<{ Querystring: ListQuery }>("/api/v1/jobs", { schema: list }, async ({ query }) => {
    const page = await ports.ledger.listJobs(jobQuery(query));
    return { items: await presentJobs(page.items, ports), nextCursor: page.nextCursor };
  });

  const one = { tags, summary: "Shows a job.", params, response: { 200: answer("Job", "The job."), ...failure } };
  app.get<{ Params: JobParams }>("/api/v1/jobs/:job", { schema: one }, async (request) =>
    presentJob(await resolveJob(request.params.job, ports), ports),
  );

  const timeline = {
    tags,
    summary: "What happened to a job, in order.",
    params,
    response: { 200: answer("Timeline", "Oldest first."), ...failure },
  };
  app.get<{ Params: JobParams }>("/api/v1/jobs/:job/timeline", { schema: timeline }, async (request) => {
    const entries = await readTimeline(await resolveJob(request.params.job, ports), ports);
    return { items: entries.map(timelineJson) };
  });

  const why = {
    tags,
    summary: "Why a job is where it is, and what to do.",
    params,
    response: { 200: answer("Why", "The reason."), ...failure },
  };
  app.get<{ Params: JobParams }>("/api/v1/jobs/:job/why", { schema: why }, async (request) =>
    readWhy(await resolveJob(request.params.job, ports), ports),
  );
}

function actionRoutes(app: FastifyInstance, context: HttpContext): void {
  const { ports } = context;
  const cancel = {
    tags,
    summary: "Cancels a job.",
    params,
    response: { 202: answer("Job", "Ended, or told to stop."), ...failure },
  };
  app.post<{ Params: JobParams }>("/api/v1/jobs/:job/cancel", { schema: cancel }, async (request, reply) => {
    const job = await cancelJob(await resolveJob(request.params.job, ports), ports);
    return reply.code(202).send(await presentJob(job, ports));
  });

  const rerun = {
    tags,
    summary: "Runs an ended job again, as a new one.",
    params,
    response: {
      201: answer("Job", "The new job."),
      202: answer("Job", "The ended job: its forge was asked, and makes a new one."),
      ...failure,
    },
  };
  const onRequest = refuseWhenClosing(context);
  app.post<{ Params: JobParams }>("/api/v1/jobs/:job/rerun", { schema: rerun, onRequest }, async (request, reply) => {
    const { kind, job } = await rerunJob(await resolveJob(request.params.job, ports), ports);
    const view = await presentJob(job, ports);
    if (kind !== "created") return reply.code(202).send(view);
    return reply.code(201).header("location", jobLocation(job)).send(view);
  });
}

/** Field by field: what else a query holds is nothing to the ledger. */
function jobQuery({ state, source, profile, limit, cursor }: ListQuery): JobQuery {
  return {
    limit,
    ...(state === undefined ? {} : { state }),
    ...(source === undefined ? {} : { source }),
    ...(profile === undefined ? {} : { profile }),
    ...(cursor === undefined ? {} : { cursor }),
  };
}
