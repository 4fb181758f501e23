/** Runners and profiles: what there is, and how to make it less. */
import type { FastifyInstance } from "fastify";
import { OnejobError } from "../../core/errors";
import { isDemand } from "../../core/lifecycle";
import type { Runner } from "../../core/model";
import type { Ports } from "../../core/ports";
import { runnerJson, runnersJson, type RunnerJson } from "../../core/present";
import type { ProfileSettings } from "../../core/settings";
import { drainFleet, drainRunner, resumeFleet } from "../../flow/drain";
import type { HttpContext } from "./context";
import { liveCounts, readViews } from "./live-counts";
import { answer, failure } from "./schemas";

const tags = ["fleet"];

interface RunnerParams {
  readonly runner: string;
}

const params = {
  type: "object",
  properties: { runner: { type: "string", minLength: 1, description: "Its id or its name." } },
} as const;

export function fleetRoutes(app: FastifyInstance, context: HttpContext): void {
  runnerRoutes(app, context);
  profileRoutes(app, context);
  drainRoutes(app, context);
}

function runnerRoutes(app: FastifyInstance, context: HttpContext): void {
  const list = {
    tags,
    summary: "Lists the runners that are not gone.",
    response: { 200: answer("RunnerList", "All of them."), ...failure },
  };
  app.get("/api/v1/runners", { schema: list }, async () => ({ items: await allRunners(context) }));

  const one = {
    tags,
    summary: "Shows a runner.",
    params,
    response: { 200: answer("Runner", "The runner."), ...failure },
  };
  app.get<{ Params: RunnerParams }>("/api/v1/runners/:runner", { schema: one }, async (request) => {
    const { runner: wanted } = request.params;
    const live = (await allRunners(context)).find(({ id, name }) => id === wanted || name === wanted);
    return live ?? runnerJson(await findRunner(wanted, context));
  });

  const drain = {
    tags,
    summary: "Lets a runner finish its job and take no other.",
    params,
    response: { 202: answer("Runner", "It will leave."), ...failure },
  };
  app.post<{ Params: RunnerParams }>("/api/v1/runners/:runner/drain", { schema: drain }, async (request, reply) => {
    const runner = await findRunner(request.params.runner, context);
    return reply.code(202).send(runnerJson(await drainRunner(runner, context.ports)));
  });
}

async function allRunners({ ports }: HttpContext): Promise<readonly RunnerJson[]> {
  const { profiles } = ports.settings();
  const views = await readViews(ports.ledger, configuredProfiles(ports));
  return views.flatMap(({ profile, view }) => {
    const configured = profiles.find(({ name }) => name === profile)?.compute.kind;
    return runnersJson(view, configured ?? view.runners[0]?.compute ?? "");
  });
}

function configuredProfiles(ports: Ports): readonly string[] {
  return ports.settings().profiles.map(({ name }) => name);
}

/** Gone ones too, as long as they are kept. Throws `not-found`, and `conflict` for one that is only asked for. */
async function findRunner(wanted: string, { ports }: HttpContext): Promise<Runner> {
  const id = wanted.replace(/^onejob-/, "");
  for (const profile of await ports.ledger.listProfiles()) {
    const runner = await ports.ledger.readRunner(profile, id);
    if (runner !== undefined) return runner;
    const { planner } = await ports.ledger.readProfile(profile);
    if (planner.launches.some(({ slots }) => slots.some((slot) => slot.runner === id)))
      throw new OnejobError("conflict", `runner ${id} is being launched at this moment`);
  }
  throw new OnejobError("not-found", `no runner "${wanted}"; it may be gone already`);
}

function profileRoutes(app: FastifyInstance, context: HttpContext): void {
  const { ports } = context;
  const list = {
    tags,
    summary: "Lists the profiles in force.",
    response: { 200: answer("ProfileList", "All of them."), ...failure },
  };
  app.get("/api/v1/profiles", { schema: list }, async () => ({
    items: await Promise.all(ports.settings().profiles.map((profile) => presentProfile(profile, context))),
  }));

  const status = {
    tags: ["server"],
    summary: "The server at a glance.",
    response: { 200: answer("Status", "How it is."), ...failure },
  };
  app.get("/api/v1/status", { schema: status }, async () => {
    const configured = configuredProfiles(ports);
    const [live, fleet, queueDepth] = await Promise.all([
      liveCounts(ports.ledger, configured),
      ports.ledger.readFleet(),
      ports.queue.depth(),
    ]);
    return {
      version: context.version,
      startedAt: new Date(context.startedAt).toISOString(),
      uptimeMs: Math.max(0, ports.clock.now() - context.startedAt),
      draining: fleet.draining,
      accepting: context.accepting() && !fleet.draining,
      jobs: { ...byState(live.jobs), ...context.meter?.ended() },
      runners: byState(live.runners),
      queueDepth,
      profiles: configured.length,
    };
  });
}

async function presentProfile(profile: ProfileSettings, { ports, enforcement }: HttpContext) {
  const view = await ports.ledger.readProfile(profile.name);
  const { name, labels, compute, limits, timeouts, priority } = profile;
  return {
    ...{ name, labels, compute: { kind: compute.kind }, limits, timeouts, priority },
    live: runnersJson(view, compute.kind).length,
    waiting: view.jobs.filter(isDemand).length,
    ...(enforcement === undefined ? {} : { enforcement: await enforcement(name) }),
  };
}

function byState(counts: readonly { readonly state: string; readonly count: number }[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { state, count } of counts) sums[state] = (sums[state] ?? 0) + count;
  return sums;
}

interface DrainBody {
  readonly now?: boolean;
  readonly resume?: boolean;
}

const drainBody = {
  type: ["object", "null"],
  additionalProperties: false,
  properties: {
    now: { type: "boolean", description: "Cancel what runs, too." },
    resume: { type: "boolean", description: "Take jobs again." },
  },
} as const;

function drainRoutes(app: FastifyInstance, { ports }: HttpContext): void {
  const drain = {
    tags,
    summary: "Takes no new jobs and lets runners leave; or takes jobs again.",
    body: drainBody,
    response: { 202: answer("Draining", "What holds from now on."), ...failure },
  };
  app.post<{ Body: DrainBody | null | undefined }>("/api/v1/drain", { schema: drain }, async ({ body }, reply) => {
    const { now = false, resume = false } = body ?? {};
    if (now && resume) throw new OnejobError("bad-request", "`now` and `resume` contradict each other");
    await (resume ? resumeFleet(ports) : drainFleet({ now }, ports));
    return reply.code(202).send({ draining: !resume });
  });
}
