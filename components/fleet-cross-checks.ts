/** What no single key of a fleet can say: two networks at once, a private ingress without a network it could be in. */
import { formatDuration, parseDuration } from "../runtime/core/duration";
import type { Problem } from "../runtime/core/settings-check";
import { isGroup } from "../runtime/core/settings-entries";
import { architectureOf, architectures } from "../runtime/core/settings-schema-ec2";

type Group = Readonly<Record<string, unknown>>;

export function fleetCrossChecks(args: Group): Problem[] {
  const network = groupOf(args["network"]);
  return [
    ...networkProblems(network),
    ...ingressProblems(groupOf(args["ingress"]), network),
    ...privateWayProblems(args),
    ...alarmProblems(groupOf(args["alarms"])),
    ...retentionProblems(args["logRetentionDays"]),
    ...sweepProblems(groupOf(args["sweep"])),
    ...bakeProblems(groupOf(groupOf(args["images"])["instanceType"])),
    ...tagProblems(args["tags"]),
  ];
}

const groupOf = (value: unknown): Group => (isGroup(value) ? value : {});

const madeKeys = ["cidrBlock", "availabilityZones"];
const privateKeys = ["routeTableIds", "endpoints"];
const ownKeys = ["vpcId", "subnetIds", "assignPublicIp", ...privateKeys];

function networkProblems(network: Group): Problem[] {
  const made = madeKeys.filter((key) => key in network);
  const own = ownKeys.filter((key) => key in network);
  if (made.length > 0 && own.length > 0) {
    return [
      {
        path: "network",
        what: `is both a network to be made (${made.join(", ")}) and your own (${own.join(", ")})`,
        fix: `remove ${own.join(" and ")}, or ${made.join(" and ")}`,
      },
    ];
  }
  if (own.length === 0) return [];
  const examples = { vpcId: "vpcId: vpc.id", subnetIds: "subnetIds: vpc.publicSubnetIds" } as const;
  return (["vpcId", "subnetIds"] as const)
    .filter((key) => !(key in network))
    .map((key) => ({ path: `network.${key}`, what: "is missing", fix: `add ${examples[key]}` }));
}

function ingressProblems(ingress: Group, network: Group): Problem[] {
  if (ingress["kind"] !== "private-api") return [];
  if ("vpcEndpointId" in ingress && "allowedCidrs" in ingress) {
    return [
      {
        path: "ingress.allowedCidrs",
        what: "says who reaches an endpoint that is made, and yours is there already",
        fix: "remove it, and let them in by the security group of your endpoint",
      },
    ];
  }
  if ("vpcId" in network) return [];
  return [
    {
      path: "ingress.kind",
      what: '"private-api" is reached from inside a VPC of yours, and this fleet makes one that nobody else is in',
      fix: "add network: { vpcId, subnetIds }, the one your GitHub Enterprise Server is in; or write kind: function-url",
    },
  ];
}

function privateWayProblems(args: Group): Problem[] {
  const network = groupOf(args["network"]);
  if (groupOf(args["ingress"])["kind"] === "private-api") {
    // Without a VPC of theirs it is not what they want, and another ingress takes any image.
    return "vpcId" in network ? imageProblems(args["profiles"]) : [];
  }
  return privateKeys
    .filter((key) => key in network)
    .map((key) => ({
      path: `network.${key}`,
      what: "is for functions inside the VPC, and these stand outside",
      fix: 'remove it, or add ingress: { kind: "private-api" }',
    }));
}

/** A system's own image installs Docker and the runner at its first boot, and an image is baked by the same way. */
function imageProblems(profiles: unknown): Problem[] {
  const entries: readonly unknown[] = Array.isArray(profiles) ? profiles : [];
  return entries.flatMap((entry, index): Problem[] => {
    const compute = groupOf(groupOf(entry)["compute"]);
    const image = groupOf(compute["image"]);
    if ((compute["kind"] ?? "ec2") !== "ec2" || "ami" in image || "ssm" in image) return [];
    const start = "os" in image ? "is a system's own image" : "is left out, so it is a system's own image";
    return [
      {
        path: `profiles[${index}].compute.image`,
        what: `${start}, which is made ready over the internet, and "private-api" is for networks without`,
        fix: "make an image with imagebuilder/install.sh, write image: { ssm: /acme/images/ci } or { ami: ami-… }, and images: { bake: false }",
      },
    ];
  });
}

function alarmProblems(alarms: Group): Problem[] {
  if (!("email" in alarms && "topicArn" in alarms)) return [];
  return [
    {
      path: "alarms",
      what: "names both a mail address and a topic, and alarms go to one of them",
      fix: "remove email, and subscribe it to your topic",
    },
  ];
}

/** @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
const retentions = [
  ...[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1_096, 1_827, 2_192, 2_557, 2_922, 3_288, 3_653],
];

function retentionProblems(days: unknown): Problem[] {
  if (typeof days !== "number" || !Number.isInteger(days) || retentions.includes(days)) return [];
  const next = retentions.find((known) => known > days);
  if (next === undefined || days < 1) return [];
  const what = `CloudWatch keeps no logs for ${days} days`;
  return [{ path: "logRetentionDays", what, fix: `write ${next}; it knows ${retentions.join(", ")}` }];
}

const minuteMs = 60_000;

/** EventBridge Scheduler counts in minutes. */
function sweepProblems(sweep: Group): Problem[] {
  const interval = sweep["interval"];
  const ms = typeof interval === "string" ? parseDuration(interval) : undefined;
  if (ms === undefined || ms > 60 * minuteMs || (ms > 0 && ms % minuteMs === 0)) return [];
  const next = formatDuration(Math.ceil(ms / minuteMs) * minuteMs);
  return [
    {
      path: "sweep.interval",
      what: `must be whole minutes in a fleet, not "${String(interval)}"`,
      fix: `write interval: ${next === "0s" ? "1m" : next}`,
    },
  ];
}

function bakeProblems(types: Group): Problem[] {
  return architectures.flatMap((arch): Problem[] => {
    const type = types[arch];
    if (typeof type !== "string" || architectureOf(type) === arch) return [];
    const what = `"${type}" is ${architectureOf(type)}, and builds images for ${arch}`;
    return [{ path: `images.instanceType.${arch}`, what, fix: `write a type of ${arch}, or leave it out` }];
  });
}

/** Machines read theirs from their own metadata service, which allows no more and no other letters in keys. */
const mostTags = 30;
const tagName = /^[A-Za-z0-9_.:=+\-@,]*$/;
const tagText = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

function tagProblems(tags: unknown): Problem[] {
  if (tags === undefined) return [];
  if (!isGroup(tags))
    return [{ path: "tags", what: "must be keys and values", fix: 'write e.g. tags: { team: "ci" }' }];
  const entries = Object.entries(tags);
  const many = {
    path: "tags",
    what: `are ${entries.length}`,
    fix: `keep ${mostTags}; AWS allows 50, and the fleet has its own`,
  };
  return [...(entries.length > mostTags ? [many] : []), ...entries.flatMap(([key, value]) => tagProblem(key, value))];
}

function tagProblem(key: string, value: unknown): Problem[] {
  const path = /^[\w-]+$/.test(key) ? `tags.${key}` : `tags[${JSON.stringify(key)}]`;
  if (/^(aws|onejob):/i.test(key)) {
    return [{ path, what: "begins with a word that is taken", fix: "choose a key without `aws:` or `onejob:`" }];
  }
  if (key === "" || key.length > 128 || !tagName.test(key)) {
    return [{ path, what: "cannot be the key of a tag", fix: "write 1 to 128 letters, digits or _.:=+-@," }];
  }
  if (typeof value !== "string" || value.length > 256 || !tagText.test(value)) {
    return [{ path, what: "must be text", fix: "write at most 256 letters, digits, spaces or _.:/=+-@, known now" }];
  }
  return [];
}
