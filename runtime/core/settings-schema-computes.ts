/** What the settings may say of each kind of compute: one sub-schema per kind. */
import type { ComputeSettings } from "./settings";
import type { GroupNode } from "./settings-node";
import { ec2Compute } from "./settings-schema-ec2";
import { path, secretSchema } from "./settings-schema-parts";

export const processCompute = {
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
} as const satisfies GroupNode;

const registry = {
  type: "object",
  title: "registry",
  description: "Who we are at a private registry, for pulling the image.",
  preset: "what `docker login` left in its config file",
  guarded: true,
  sample: "{ username: ci, password: { env: REGISTRY_PASSWORD } }",
  additionalProperties: false,
  required: ["username", "password"],
  properties: {
    username: {
      type: "string",
      title: "user name",
      description: "Name of the account.",
      pattern: "^[^\\p{Cc}]+$",
      maxLength: 256,
      rule: "1 to 256 characters",
      examples: ["ci"],
    },
    password: {
      ...secretSchema,
      title: "password",
      description: "Where the account's password or token is kept.",
      sample: "{ env: REGISTRY_PASSWORD }",
    },
  },
} as const satisfies GroupNode;

/** Host, path, tag and digest, as `docker pull` takes them. */
const imagePattern = [
  "^(?:(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\\[[0-9A-Fa-f:]+\\])(?::[0-9]{1,5})?/)?",
  "[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*",
  "(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$",
].join("");

export const dockerCompute = {
  type: "object",
  title: "compute `docker`",
  description: "A container of a Docker Engine API on this machine, Docker's own or Podman's.",
  additionalProperties: false,
  required: ["kind", "image"],
  properties: {
    kind: { type: "string", const: "docker", title: "kind", description: "What makes the machines." },
    image: {
      type: "string",
      title: "image",
      description: "The image jobs run in, as `docker pull` takes it. It needs no part of Onejob in it.",
      pattern: imagePattern,
      maxLength: 512,
      rule: "name of an image, as `docker pull` takes it",
      examples: ["debian:12"],
    },
    socket: {
      ...path,
      title: "socket",
      description:
        "The engine's Unix socket; a relative path starts at the config file's folder. Whoever may use it is as good as root.",
      preset: "DOCKER_HOST, else the usual places of Docker and Podman",
      // `unix:///run/x.sock` is how DOCKER_HOST has it.
      pattern: "^(?![a-z]+://)[^\\p{Cc}]+$",
      rule: "path of a socket, without `unix://`",
      examples: ["/var/run/docker.sock"],
    },
    pull: {
      type: "string",
      enum: ["missing", "always", "never"],
      title: "pull",
      description:
        "When the image is pulled: where the engine lacks it, before each launch (newest, and slower), or never.",
      default: "missing",
    },
    registry,
    network: {
      type: "string",
      title: "network",
      description: "Name of the network the containers join; it must lead to this server and to the forge.",
      preset: "the engine's default",
      pattern: "^[A-Za-z0-9][A-Za-z0-9_.-]*$",
      maxLength: 128,
      rule: "name of a network",
      examples: ["ci"],
    },
    user: {
      type: "string",
      title: "user",
      description: "Who the job runs as inside the container.",
      preset: "the container's root",
      pattern: "^[0-9]{1,9}(:[0-9]{1,9})?$",
      rule: "numbers in quotes, `uid` or `uid:gid`",
      examples: ["1000:1000"],
    },
    serverUrl: {
      type: "string",
      title: "address of this server",
      description:
        "Where containers reach this server, when it is not over its socket: for an engine on another machine, or a virtual one.",
      preset: "the server's own socket, mounted into the container",
      guarded: true,
      format: "server-url",
      rule: "`http://` or `https://` with a host and no path",
      examples: ["http://host.docker.internal:7433"],
    },
  },
} as const satisfies GroupNode;

export const computeKinds = [processCompute, dockerCompute, ec2Compute] as const satisfies readonly GroupNode[];

/** How long a machine may take to report where its profile does not say: pulling an image takes its time. */
export const bootPresets = { process: "30s", docker: "2m", ec2: "5m" } as const satisfies Record<
  ComputeSettings["kind"],
  string
>;
