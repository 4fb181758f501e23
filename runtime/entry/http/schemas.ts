/** What answers look like (INTERFACE: JOB, RUNNER, TIMELINE, WHY). Declared once; routes refer to them by name. */
import { jobStates, runnerStates } from "../../core/model";
import type { JobJson, RunnerJson, TimelineJson } from "../../core/present";
import { reasonCodes } from "../../core/reasons";
import type { Why } from "../../core/why";

const text = { type: "string" } as const;
const textOrNull = { type: ["string", "null"] } as const;
const count = { type: "integer", minimum: 0 } as const;
const flag = { type: "boolean" } as const;
const time = { type: "string", format: "date-time", description: "RFC 3339, milliseconds, UTC." } as const;
const timeOrNull = { type: ["string", "null"], format: "date-time" } as const;
const reasonOrNull = { enum: [...reasonCodes, null], description: "Why it waits, or how it ended." } as const;

const job = {
  key: { ...text, description: "`<source>/<host>/<id>`, unique for ever." },
  source: text,
  host: text,
  id: text,
  scope: text,
  name: text,
  labels: { type: "array", items: text },
  profile: textOrNull,
  state: { enum: jobStates },
  reason: reasonOrNull,
  exitCode: { type: ["integer", "null"] },
  attempt: { ...count, description: "1 for the first try." },
  runner: textOrNull,
  createdAt: time,
  queuedAt: time,
  startedAt: timeOrNull,
  finishedAt: timeOrNull,
  url: textOrNull,
} satisfies Record<keyof JobJson, object>;

const runner = {
  id: text,
  name: { ...text, description: "`onejob-<id>`, the name a forge shows." },
  profile: text,
  compute: text,
  machine: { ...textOrNull, description: "The compute's own name for it; `null` while it is asked for." },
  state: { enum: runnerStates },
  job: textOrNull,
  createdAt: time,
  deadlineAt: timeOrNull,
  lastHeartbeatAt: timeOrNull,
} satisfies Record<keyof RunnerJson, object>;

const timelineEntry = {
  at: time,
  stage: text,
  attempt: count,
  reason: { enum: reasonCodes },
  detail: text,
} satisfies Record<keyof TimelineJson, object>;

const why = {
  job: { $ref: "Job#" },
  waiting: { ...flag, description: "It has no runner yet and wants one." },
  reason: reasonOrNull,
  what: text,
  fix: { ...text, description: "The next step." },
  stages: { type: "array", items: object({ stage: text, ms: count }) },
} satisfies Record<keyof Why, object>;

const assignment = {
  type: ["object", "null"],
  properties: {
    ...{ job: text, name: text, attempt: count, command: { type: "array", items: text } },
    env: { type: "object", additionalProperties: text },
    timeoutMs: count,
    bundle: { type: ["object", "null"], properties: { bytes: count, sha256: text } },
  },
} as const;

const profile = {
  ...{ name: text, labels: { type: "array", items: text }, priority: { type: "integer" } },
  compute: { type: "object", properties: { kind: text } },
  limits: { type: "object" },
  timeouts: { type: "object" },
  live: { ...count, description: "Runners now." },
  waiting: { ...count, description: "Jobs without a runner." },
  enforcement: { description: "Whether the limits hold on this machine." },
};

const status = {
  ...{ version: text, startedAt: time, uptimeMs: count, draining: flag, accepting: flag },
  jobs: { type: "object", description: "By state; in final states those that ended since the start." },
  runners: { type: "object", description: "By state." },
  ...{ queueDepth: count, profiles: count },
};

const check = object({ name: text, ok: flag, fix: text }, ["name", "ok"]);

/** By the name that `answer` refers to. */
export const answers = {
  Error: object({
    error: object({ code: text, what: text, fix: text, retry: flag, details: {} }, ["code", "what", "fix", "retry"]),
  }),
  Job: object(job),
  JobList: object({ items: { type: "array", items: { $ref: "Job#" } }, nextCursor: textOrNull }),
  Runner: object(runner),
  RunnerList: object({ items: { type: "array", items: { $ref: "Runner#" } } }),
  Timeline: object({ items: { type: "array", items: object(timelineEntry, ["at", "stage", "attempt"]) } }),
  Why: object(why),
  ProfileList: object({
    items: { type: "array", items: object(profile, ["name", "labels", "compute", "live", "waiting"]) },
  }),
  Status: object(status),
  Health: object({ ok: flag }),
  Ready: object({ ready: flag, checks: { type: "array", items: check } }),
  Received: object({ accepted: flag, jobs: { type: "array", items: text }, reason: text }, ["accepted"]),
  Draining: object({ draining: flag }),
  Upload: object({
    upload: { ...text, description: "What the job's spec calls it." },
    url: { ...text, description: "Takes the bytes by PUT, once; 412 says that they are there already." },
    headers: { type: "object", additionalProperties: text, description: "To be sent along as they are." },
    expiresAt: { ...time, description: "Of the address; asking again with the same key gives a fresh one." },
  }),
  EnrolAnswer: object({
    ...{ runner: text, profile: text, lease: text, heartbeatMs: count },
    executor: object({ kind: text, payload: text }),
  }),
  EnrolLater: object({ retryAfterMs: count }),
  AgentOrders: object({ logOffset: count, assignment, cancel: flag, drain: flag }),
} as const;

export type AnswerName = keyof typeof answers;

/** One answer of a route: its status, what it holds, and when it is given. */
export function answer(name: AnswerName, description: string) {
  return { description, content: { "application/json": { schema: { $ref: `${name}#` } } } };
}

/** An answer that is no JSON. */
export function rawAnswer(type: string, description: string) {
  return { description, content: { [type]: { schema: { type: "string" } } } };
}

/** Every other answer of every route. */
export const failure = { default: answer("Error", "Not done; `error.code` says what, `error.fix` what to do.") };

export const jobParams = {
  type: "object",
  properties: {
    job: {
      type: "string",
      minLength: 1,
      description: "Its key (encoded as one path part), id, unique beginning of the id, or the forge's URL of it.",
    },
  },
} as const;

function object(properties: Readonly<Record<string, object>>, required: readonly string[] = Object.keys(properties)) {
  // More may come with a later version: readers must not mind.
  return { type: "object", required, properties, additionalProperties: true };
}
