/**
 * Everything `onejob.yaml` may say: names, units, defaults, ranges and docs, as one JSON Schema. The reader, its
 * messages, the types and `docs/configuration.md` are all made from it. A new kind of source or compute is one more
 * sub-schema in `settings-schema-sources.ts` or `settings-schema-computes.ts`.
 */
import type { FileOf, GroupNode, SettingNode } from "./settings-node";
import { name } from "./settings-schema-parts";
import { profile } from "./settings-schema-profiles";
import { sourceKinds } from "./settings-schema-sources";

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
          description:
            "How long an agent that says nothing, or a planner (for 75 s at most), is trusted before somebody looks.",
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
