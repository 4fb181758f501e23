/**
 * Everything `RunnerFleet` may be told, in the schema language of `onejob.yaml`, so that both are checked by the same
 * code and speak the same sentences. What that language lacks is marked by the node itself: yes or no (`yesOrNo`), and
 * values that may be known only later (`later`).
 */
import type { GroupNode, SettingNode, ValueNode } from "../runtime/core/settings-node";
import { fleetNamePattern } from "../runtime/core/fleet-facts";
import { settingsSchema } from "../runtime/core/settings-schema";
import { instanceType } from "../runtime/core/settings-schema-ec2";
import { later, yesOrNo } from "./fleet-schema-marks";
import { network } from "./fleet-schema-network";

export { isInput, isYesOrNo } from "./fleet-schema-marks";

const email = {
  type: "string",
  title: "mail address",
  pattern: "^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$",
  maxLength: 254,
  rule: "a mail address",
  examples: ["ci@example.org"],
} as const;

export const fleetName: ValueNode = {
  type: "string",
  title: "fleet name",
  description: "Name of the fleet in this account and region.",
  preset: "`<component name>-<stack>`",
  pattern: fleetNamePattern,
  rule: "small letters, digits and `-`; begins with a letter; at most 31 characters",
  examples: ["ci"],
};

const ingressKind = (kind: string, properties: GroupNode["properties"] = {}): GroupNode => ({
  type: "object",
  title: `ingress \`${kind}\``,
  description: "How the fleet is reached.",
  additionalProperties: false,
  required: ["kind"],
  properties: { kind: { type: "string", const: kind, title: "kind", description: "Which way." }, ...properties },
});

const ingress: SettingNode = {
  type: "object",
  title: "ingress",
  description: "How forges, machines and people reach the fleet.",
  discriminator: { propertyName: "kind" },
  oneOf: [
    ingressKind("function-url"),
    ingressKind("http-api"),
    ingressKind("private-api", {
      vpcEndpointId: later({
        type: "string",
        title: "VPC endpoint",
        description: "An interface endpoint for `execute-api` in your VPC.",
        pattern: "^vpce-[0-9a-f]{8,17}$",
        rule: "id of a VPC endpoint, like `vpce-0123456789abcdef0`",
        examples: ["vpce-0123456789abcdef0"],
      }),
      allowedCidrs: {
        type: "array",
        title: "addresses let in",
        description: "Who reaches the endpoint that is made.",
        preset: "those of the VPC",
        minItems: 1,
        maxItems: 50,
        items: {
          type: "string",
          title: "addresses",
          description: "A range of IPv4 addresses.",
          pattern: "^([0-9]{1,3}\\.){3}[0-9]{1,3}/([0-9]|[12][0-9]|3[0-2])$",
          rule: "IPv4 addresses, like `10.0.0.0/8`",
          examples: ["10.0.0.0/8"],
        },
      },
    }),
  ],
};

const images: GroupNode = {
  type: "object",
  title: "images",
  description: "Images that machines start from.",
  additionalProperties: false,
  properties: {
    bake: yesOrNo({ title: "bake", description: "Whether images are baked." }),
    schedule: {
      type: "string",
      title: "schedule",
      description: "When images are baked.",
      pattern: "^cron\\([^()]{9,100}\\)$",
      rule: "`cron(…)`, as Image Builder has it",
      examples: ["cron(0 4 ? * sun *)"],
    },
    instanceType: {
      type: "object",
      title: "instance types",
      description: "What images are baked on.",
      additionalProperties: false,
      properties: {
        x64: { ...instanceType, title: "for x64", description: "Of that architecture.", examples: ["c7i.large"] },
        arm64: { ...instanceType, title: "for arm64", description: "Of that architecture.", examples: ["c7g.large"] },
      },
    },
  },
};

const alarms: GroupNode = {
  type: "object",
  title: "alarms",
  description: "Who hears of alarms: exactly one of the two.",
  additionalProperties: false,
  minProperties: 1,
  properties: {
    email: { ...email, description: "Gets a mail for each alarm." },
    topicArn: later({
      type: "string",
      title: "topic",
      description: "An SNS topic of yours.",
      pattern: "^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$",
      rule: "ARN of an SNS topic",
      examples: ["arn:aws:sns:eu-central-1:123456789012:alarms"],
    }),
  },
};

const budget: GroupNode = {
  type: "object",
  title: "budget",
  description: "Who is told when the fleet costs more than it may.",
  additionalProperties: false,
  required: ["monthlyUsd", "email"],
  properties: {
    monthlyUsd: {
      type: "number",
      title: "most a month",
      description: "US dollars a month, for everything with the fleet's tag.",
      unit: "USD",
      examples: [100],
      minimum: 1,
      maximum: 10_000_000,
    },
    email: { ...email, description: "Gets the mails." },
  },
};

const { server, sources, profiles, defaultProfile, sweep, lease, retention } = settingsSchema.properties;
const { listen: _listen, ...serverProperties } = server.properties;

export const fleetSchema = {
  type: "object",
  title: "RunnerFleet",
  description: "All arguments.",
  additionalProperties: false,
  required: ["sources", "profiles"],
  properties: {
    fleetName,
    ...{ sources, profiles, defaultProfile, sweep, lease, retention },
    server: { ...server, properties: serverProperties },
    ...{ network, ingress, images, alarms, budget },
    dashboard: yesOrNo({ title: "dashboard", description: "Whether there is one." }),
    logRetentionDays: {
      type: "integer",
      title: "log retention",
      description: "How long the functions' logs are kept.",
      unit: "days",
      default: 14,
      minimum: 1,
      maximum: 3_653,
    },
    reservedConcurrency: {
      type: "integer",
      title: "reserved concurrency",
      description: "Most executions at once of each of the two public functions.",
      unit: "executions",
      preset: "none reserved",
      examples: [20],
      minimum: 1,
      maximum: 450,
    },
    protect: yesOrNo({ title: "protect", description: "Keeps the table and the bucket." }),
    // Its keys are the user's own, which the language cannot say; `fleet-cross-checks.ts` looks at them.
    tags: {
      type: "object",
      title: "tags",
      description: "On everything that can have tags.",
      additionalProperties: false,
      properties: {},
    },
  },
} as const satisfies GroupNode;

export const fleetRoot: GroupNode = fleetSchema;
