/** What the settings may say of a profile. */
import type { GroupNode } from "./settings-node";
import { bootPresets, computeKinds } from "./settings-schema-computes";
import { name } from "./settings-schema-parts";

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
      preset: Object.entries(bootPresets)
        .map(([kind, span]) => `\`${span}\` for compute \`${kind}\``)
        .join(", "),
      examples: ["30s"],
      duration: { min: "1s", max: "1h" },
    },
    idle: {
      type: "string",
      title: "idle",
      description:
        "How long a runner may listen while jobs wait for it, before it is stopped. One that no job waits for is stopped after a minute.",
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

export const profile = {
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
