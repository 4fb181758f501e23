/**
 * Everything `onejob.yaml` may say: names, units, defaults, ranges and docs, as one JSON Schema. The reader, its
 * messages, the types and `docs/configuration.md` are all made from it. A new kind of source or compute is one more
 * sub-schema in `sourceKinds` or `computeKinds`.
 */
import type { FileOf, GroupNode, SettingNode } from "./settings-node";

const name = {
  type: "string",
  pattern: "^[A-Za-z0-9][A-Za-z0-9._-]*$",
  maxLength: 64,
  rule: "letters, digits, `.`, `_`, `-`; begins with a letter or digit; at most 64 characters",
} as const;

/** Where a secret is kept; the file itself never holds one. For the sources that need one. */
export const secretSchema = {
  type: "object",
  title: "secret",
  description: "Says where a secret is kept: exactly one of the three.",
  secret: true,
  additionalProperties: false,
  minProperties: 1,
  maxProperties: 1,
  properties: {
    env: {
      type: "string",
      title: "environment variable",
      description: "Name of the environment variable that holds it.",
      secret: true,
      pattern: "^[A-Za-z_][A-Za-z0-9_]*$",
      rule: "name of an environment variable",
      examples: ["GH_TOKEN"],
    },
    file: {
      type: "string",
      title: "file",
      description: "Path of the file that holds it; a relative one starts at the config file's folder.",
      secret: true,
      pattern: "^[^\\u0000]+$",
      rule: "path of a file",
      examples: ["./app.pem"],
    },
    ssm: {
      type: "string",
      title: "SSM parameter",
      description: "Name of the AWS SSM SecureString parameter that holds it.",
      secret: true,
      pattern: "^/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$",
      rule: "name of an SSM parameter",
      examples: ["/onejob/gh-token"],
    },
  },
} as const satisfies GroupNode;

const sourceKinds = [
  {
    type: "object",
    title: "source `api`",
    description: "Jobs from `onejob submit` and the HTTP API. Always there and always named `api`, listed or not.",
    additionalProperties: false,
    required: ["name", "kind"],
    properties: {
      name: { ...name, title: "name", description: "Name of the source: `api`.", examples: ["api"] },
      kind: { type: "string", const: "api", title: "kind", description: "Where the jobs come from." },
    },
  },
] as const satisfies readonly GroupNode[];

const computeKinds = [
  {
    type: "object",
    title: "compute `process`",
    description: "A process tree on the server's own machine: the fastest, and no wall between job and machine.",
    additionalProperties: false,
    required: ["kind"],
    properties: {
      kind: { type: "string", const: "process", title: "kind", description: "What makes the machines." },
      firstUid: {
        type: "integer",
        title: "first user id",
        description:
          "When the server runs as root every job gets a user id of its own: the lowest from this one up that nobody has. No effect otherwise.",
        // 60578 to 61183 belong to nobody in systemd's map of ids, and fit the 65536 ids of most containers.
        default: 60_600,
        minimum: 1_000,
        maximum: 2_000_000_000,
      },
    },
  },
] as const satisfies readonly GroupNode[];

const limits = {
  type: "object",
  title: "limits",
  description: "How many runners of this profile may live at once, and how much each may use.",
  additionalProperties: false,
  properties: {
    maxRunners: {
      type: "integer",
      title: "most runners",
      description: "Most runners of this profile alive at once; further jobs wait with the reason `at-profile-cap`.",
      unit: "runners",
      default: 8,
      minimum: 1,
      maximum: 1_000,
    },
    memoryMiB: {
      type: "integer",
      title: "memory",
      description:
        "Most memory one job may use; it is stopped beyond. Enforced where cgroup v2 is delegated to the server, else shown as not enforced.",
      unit: "MiB",
      preset: "no limit",
      examples: [2048],
      minimum: 16,
      maximum: 16_777_216,
    },
    cpus: {
      type: "number",
      title: "processors",
      description:
        "Most processors one job may keep busy; parts are allowed. Enforced where cgroup v2 is delegated to the server, else shown as not enforced.",
      unit: "CPUs",
      preset: "no limit",
      examples: [2],
      minimum: 0.01,
      maximum: 1_024,
    },
  },
} as const satisfies GroupNode;

const timeouts = {
  type: "object",
  title: "time-outs",
  description: "How long each step may take. What is overdue is stopped, and the job says why.",
  additionalProperties: false,
  properties: {
    boot: {
      type: "string",
      title: "boot",
      description:
        "From the launch of a machine until it reports; then it is replaced. Too short replaces slow machines.",
      default: "30s",
      duration: { min: "1s", max: "1h" },
    },
    idle: {
      type: "string",
      title: "idle",
      description: "How long a runner may wait for a job before it is stopped. It counts towards the limits meanwhile.",
      default: "5m",
      duration: { min: "1s", max: "1d" },
    },
    job: {
      type: "string",
      title: "job",
      description: "How long a job may run unless it asks for less with `--timeout`; then it is killed.",
      default: "6h30m",
      duration: { min: "1s", max: "5d" },
    },
    queued: {
      type: "string",
      title: "queued",
      description: "How long a job may wait for a runner before it expires.",
      default: "24h",
      duration: { min: "1s", max: "30d" },
    },
    waiting: {
      type: "string",
      title: "waiting",
      description: "How long a job may wait for an approval at its source before it expires.",
      default: "30d",
      duration: { min: "1s", max: "365d" },
    },
  },
} as const satisfies GroupNode;

const profile = {
  type: "object",
  title: "profile",
  description: "A runner profile: which labels, on what machine.",
  additionalProperties: false,
  required: ["name"],
  properties: {
    name: {
      ...name,
      title: "name",
      description: "Name of the profile, unique. A renamed profile counts as a new one.",
      examples: ["small"],
    },
    labels: {
      type: "array",
      title: "labels",
      description:
        "A job fits when all the labels it asks for are listed here, case aside. Two profiles may not have equal labels and equal priority.",
      preset: "`self-hosted` and the machine's system and processor, as `linux`, `x64`",
      minItems: 1,
      maxItems: 20,
      items: {
        type: "string",
        title: "label",
        description: "One label.",
        pattern: "^[^,\\s\\p{Cc}]+$",
        maxLength: 100,
        rule: "1 to 100 characters, no comma, no white space",
        examples: ["linux"],
      },
    },
    compute: {
      type: "object",
      title: "compute",
      description: "What makes the machines.",
      preset: "kind `process`",
      discriminator: { propertyName: "kind" },
      oneOf: computeKinds,
    },
    limits,
    timeouts,
    priority: {
      type: "integer",
      title: "priority",
      description: "Among profiles that fit a job equally well the one with the higher number gets it.",
      default: 0,
      minimum: -1_000,
      maximum: 1_000,
    },
  },
} as const satisfies GroupNode;

const server = {
  type: "object",
  title: "server",
  description: "The process `onejob serve`.",
  additionalProperties: false,
  properties: {
    listen: {
      type: "string",
      title: "address",
      description:
        "Address and port to listen on; port 0 takes a free one. Anything but loopback can be reached from other machines: keep the token safe.",
      default: "127.0.0.1:7433",
      format: "host-port",
      rule: "`host:port`, port 0 to 65535",
    },
    maxRunners: {
      type: "integer",
      title: "most runners",
      description: "Most runners alive at once over all profiles; further jobs wait with the reason `at-fleet-cap`.",
      unit: "runners",
      default: 8,
      minimum: 1,
      maximum: 1_000,
    },
    maxWebhookBytes: {
      type: "integer",
      title: "largest webhook",
      description: "Longest webhook body that is read; longer ones are answered with 413.",
      unit: "bytes",
      default: 1_048_576,
      minimum: 1_024,
      maximum: 26_214_400,
    },
  },
} as const satisfies GroupNode;

export const settingsSchema = {
  type: "object",
  title: "onejob.yaml",
  description: "The whole file.",
  additionalProperties: false,
  required: ["version"],
  properties: {
    version: {
      type: "integer",
      const: 1,
      title: "version",
      description: "Version of this format.",
    },
    server,
    defaultProfile: {
      ...name,
      title: "default profile",
      description: "Name of the profile for jobs submitted with neither label nor profile.",
      preset: "the first profile",
      examples: ["small"],
    },
    sources: {
      type: "array",
      title: "sources",
      description: "Where jobs come from.",
      preset: "the source `api`",
      maxItems: 100,
      items: {
        type: "object",
        title: "source",
        description: "One place where jobs come from.",
        discriminator: { propertyName: "kind" },
        oneOf: sourceKinds,
      },
    },
    profiles: {
      type: "array",
      title: "profiles",
      description: "What runners there are.",
      preset: "one profile `default`",
      minItems: 1,
      maxItems: 100,
      items: profile,
    },
    sweep: {
      type: "object",
      title: "sweep",
      description: "The pass that finds what is overdue or out of step, and repairs it.",
      additionalProperties: false,
      properties: {
        interval: {
          type: "string",
          title: "interval",
          description: "Time between two passes. Longer ones notice a dead machine later.",
          default: "5s",
          duration: { min: "1s", max: "1h" },
        },
      },
    },
    lease: {
      type: "object",
      title: "lease",
      description: "How long silence is trusted.",
      additionalProperties: false,
      properties: {
        duration: {
          type: "string",
          title: "duration",
          description: "How long a planner, or an agent that says nothing, is trusted before somebody looks.",
          default: "30s",
          duration: { min: "1s", max: "1h" },
        },
      },
    },
    retention: {
      type: "object",
      title: "retention",
      description: "How long finished jobs and their logs are kept.",
      additionalProperties: false,
      properties: {
        finished: {
          type: "string",
          title: "finished jobs",
          description: "How long a finished job and its log can be read; then both are removed for good.",
          default: "7d",
          duration: { min: "1s", max: "365d" },
        },
        logsMiB: {
          type: "integer",
          title: "logs",
          description:
            "Most space for logs, and as much again for the folders kept to run jobs again; beyond, the oldest of finished jobs are removed.",
          unit: "MiB",
          default: 1_024,
          minimum: 1,
          maximum: 1_048_576,
        },
      },
    },
  },
} as const satisfies GroupNode;

/** The schema as the tools that walk over it see it. */
export const settingsRoot: GroupNode & { readonly properties: Readonly<Record<string, SettingNode>> } = settingsSchema;

/** What a valid file says, before defaults are filled in. */
export type SettingsFile = FileOf<typeof settingsSchema>;
