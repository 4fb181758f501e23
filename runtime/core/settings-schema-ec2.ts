/** What the settings may say of compute `ec2`. Facts: the EC2 API reference, `CreateFleet` and `LaunchTemplate`. */
import type { GroupNode, ListNode } from "./settings-node";

/** What a machine starts from when its profile names no image of its own. */
export const systems = ["ubuntu-24.04"] as const;
/** GitHub's words, as they stand in labels. */
export const architectures = ["x64", "arm64"] as const;

const image = {
  type: "object",
  title: "image",
  description:
    "What machines start from: a system we keep an image of, an AMI, or an SSM parameter that names one. Exactly one of the three.",
  preset: "`{ os: ubuntu-24.04 }`",
  sample: "{ os: ubuntu-24.04 }",
  additionalProperties: false,
  minProperties: 1,
  maxProperties: 1,
  properties: {
    os: {
      type: "string",
      enum: systems,
      title: "system",
      description: "Begins on the system's own image, and moves to ours as soon as it has been baked.",
      examples: [systems[0]],
    },
    ami: {
      type: "string",
      title: "AMI",
      description: "One fixed image of this region. What is missing on it is installed at every start.",
      pattern: "^ami-[0-9a-f]{8,17}$",
      rule: "id of an AMI, like `ami-0123456789abcdef0`",
      examples: ["ami-0123456789abcdef0"],
    },
    ssm: {
      type: "string",
      title: "SSM parameter",
      description: "Name of a parameter that holds the id of an AMI; a new value counts from the next launch on.",
      pattern: "^/[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$",
      maxLength: 1_011,
      rule: "full name of an SSM parameter, beginning with `/`",
      examples: ["/acme/images/ci"],
    },
  },
} as const satisfies GroupNode;

/** As EC2 names them; whether there is such a type only a region knows. */
export const instanceType = {
  type: "string",
  pattern: "^[a-z][a-z0-9-]*\\.[a-z0-9-]+$",
  maxLength: 32,
  rule: "name of an EC2 instance type, like `m7i.large`",
} as const;

const types = {
  type: "array",
  title: "instance types",
  description:
    "Which types may be taken, all of the profile's architecture. More of them find spot capacity sooner and are interrupted less.",
  preset: "ten of 2 processors and 8 or 16 GiB, of several families",
  minItems: 1,
  maxItems: 50,
  items: {
    ...instanceType,
    title: "instance type",
    description: "One type.",
    examples: ["m7i.large"],
  },
} as const satisfies ListNode;

const volume = {
  type: "object",
  title: "volume",
  description: "The machine's disk: gp3, encrypted, gone with the machine.",
  additionalProperties: false,
  properties: {
    sizeGiB: {
      type: "integer",
      title: "size",
      description: "How large it is. It must hold the image.",
      unit: "GiB",
      default: 40,
      minimum: 8,
      maximum: 16_384,
    },
    throughputMiBps: {
      type: "integer",
      title: "throughput",
      description: "How fast it reads and writes; more than 125 costs extra while the machine lives.",
      unit: "MiB/s",
      default: 250,
      minimum: 125,
      maximum: 1_000,
    },
    iops: {
      type: "integer",
      title: "operations",
      description: "How many operations a second; more than 3,000 cost extra while the machine lives.",
      unit: "IOPS",
      default: 3_000,
      minimum: 3_000,
      maximum: 16_000,
    },
  },
} as const satisfies GroupNode;

export const ec2Compute = {
  type: "object",
  title: "compute `ec2`",
  description: "An EC2 instance of its own for each job, made by a fleet on AWS.",
  additionalProperties: false,
  required: ["kind"],
  properties: {
    kind: { type: "string", const: "ec2", title: "kind", description: "What makes the machines." },
    image,
    arch: {
      type: "string",
      enum: architectures,
      title: "architecture",
      description: "Processor of the machines.",
      default: "x64",
    },
    types,
    spot: {
      type: "string",
      enum: ["preferred", "only", "never"],
      title: "spot",
      description:
        "Spare capacity at about a third of the price, which AWS may take back: first, or only, or never. `preferred` takes on-demand when there is none.",
      default: "preferred",
    },
    spotAttempts: {
      type: "integer",
      title: "spot attempts",
      description: "With `spot: preferred`: how often spot is tried until on-demand is taken.",
      default: 1,
      minimum: 1,
      maximum: 10,
    },
    onInterruption: {
      type: "string",
      enum: ["rerun", "fail"],
      title: "on interruption",
      description:
        "What becomes of a job whose machine AWS takes back: it is run again, on-demand, once its workflow run has ended; or it stays failed.",
      default: "rerun",
    },
    volume,
    role: {
      type: "string",
      title: "role",
      description:
        "IAM role that the machines have. Every job in reach may use it: each GitHub source must then name a runner group that only trusted repositories may use.",
      preset: "a role that may do nothing",
      pattern: "^arn:aws[a-z-]*:iam::[0-9]{12}:role/[\\w+=,.@/-]{1,576}$",
      rule: "ARN of an IAM role",
      examples: ["arn:aws:iam::123456789012:role/ci"],
    },
    connect: {
      type: "string",
      enum: ["never", "ssm"],
      title: "connect",
      description:
        "`ssm` lets people with the right in IAM open a shell on a running machine, with `onejob connect`; the machines' role may then talk to Systems Manager, and no more. A `role` of your own must allow that itself.",
      default: "never",
    },
  },
} as const satisfies GroupNode;

/** 2 processors, 8 or 16 GiB; no burstable ones. @see https://aws.amazon.com/ec2/instance-types/ */
export const presetTypes: Readonly<Record<(typeof architectures)[number], readonly string[]>> = {
  x64: ["m7i", "m7a", "m6i", "m6a", "m7i-flex", "m5", "m5a", "m6id", "m5d", "m6in"].map((family) => `${family}.large`),
  arm64: ["m7g", "m8g", "m6g", "m7gd", "m6gd", "r7g", "r8g", "r6g", "r7gd", "r6gd"].map((family) => `${family}.large`),
};

/** Graviton families have a `g` behind their generation (`m7g`, `c7gn`, `is4gen`), and there is `a1`. */
export function architectureOf(instanceType: string): (typeof architectures)[number] {
  const [family = ""] = instanceType.split(".");
  return family === "a1" || /^[a-z]+[0-9]+[a-z]*g/.test(family) ? "arm64" : "x64";
}
