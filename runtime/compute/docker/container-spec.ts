/** The container of one machine, as the engine is asked to make it. */
import { markerVariables } from "../../core/marker";
import type { DockerComputeSettings, ProfileSettings } from "../../core/settings";
import type { ContainerSpec } from "./engine";
import type { EngineFacts } from "./engine-facts";
import type { FoundImage } from "./images";
import type { Kit } from "./kit";
import { kitBind } from "./kits";
import { type MachineMark, machineLabels } from "./labels";
import { type Route, bootFile, socketFolder } from "./orders";

export interface SpecParts {
  readonly mark: MachineMark;
  readonly profile: Pick<ProfileSettings, "name" | "limits">;
  readonly compute: Pick<DockerComputeSettings, "network">;
  readonly image: FoundImage;
  readonly kit: Kit;
  readonly route: Route;
  readonly facts: EngineFacts;
}

/** More processes and threads than a build needs, and fewer than a host has. */
const mostProcesses = 4_096;

/** Variables of an image that would reach into our own Node and its loader; the job gets them as they are. */
const reachingIn = ["LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "NODE_OPTIONS", "NODE_PATH", "OPENSSL_CONF"];

export function containerSpec(parts: SpecParts): ContainerSpec {
  const { mark, profile, image, kit } = parts;
  return {
    Image: image.name,
    Labels: { ...machineLabels({ ...mark, profile: profile.name }) },
    Entrypoint: [...kit.command, "--boot-file", bootFile],
    // Absent, some engines add the image's own.
    Cmd: [],
    User: "0:0",
    WorkingDir: "/",
    StopSignal: "SIGTERM",
    Env: environmentOf(parts),
    AttachStdout: false,
    AttachStderr: false,
    ...(image.hasHealthcheck ? { Healthcheck: { Test: ["NONE"] } } : {}),
    HostConfig: hostConfig(parts),
  };
}

function environmentOf({ mark, image }: SpecParts): string[] {
  const given = new Set(image.env.map((entry) => entry.slice(0, entry.indexOf("="))));
  const emptied = reachingIn.filter((name) => given.has(name)).map((name) => `${name}=`);
  const marks = Object.entries(markerVariables({ ...mark, role: "agent" })).map(([name, text]) => `${name}=${text}`);
  return [...emptied, ...marks];
}

function hostConfig({ profile, compute, kit, route, facts }: SpecParts): NonNullable<ContainerSpec["HostConfig"]> {
  return {
    Binds: [kitBind(kit, "ro")],
    // As a mount, not a bind: a folder that the engine does not see is an error then, and not made as an empty one.
    Mounts:
      route.kind === "socket" ? [{ Type: "bind", Source: route.folder, Target: socketFolder, ReadOnly: true }] : [],
    ...limitsOf(profile.limits, facts),
    ...(compute.network === null ? {} : { NetworkMode: compute.network }),
    SecurityOpt: ["no-new-privileges"],
    Privileged: false,
    // We remove it ourselves, so that its end is seen.
    AutoRemove: false,
    RestartPolicy: { Name: "no" },
    // What the agent itself says; a job that is root could fill the disk with it.
    LogConfig: { Type: "json-file", Config: { "max-size": "1m" } },
  };
}

const bytesPerMiB = 1024 * 1024;

/** What the engine cannot hold is not asked for, and shown as not enforced: some refuse the container, some say nothing. */
function limitsOf({ memoryMiB, cpus }: SpecParts["profile"]["limits"], facts: EngineFacts) {
  const memory = memoryMiB === null || !facts.memory ? undefined : memoryMiB * bytesPerMiB;
  return {
    // Both the same: no swap besides.
    ...(memory === undefined ? {} : { Memory: memory, MemorySwap: memory }),
    ...(cpus === null || !facts.cpu ? {} : { NanoCpus: Math.round(cpus * 1e9) }),
    ...(facts.pids ? { PidsLimit: mostProcesses } : {}),
  };
}

/** The image's variables by name. */
export function imageEnvironment({ env }: Pick<FoundImage, "env">): Readonly<Record<string, string>> {
  return Object.fromEntries(
    env.flatMap((entry) => {
      const equals = entry.indexOf("=");
      return equals < 1 ? [] : [[entry.slice(0, equals), entry.slice(equals + 1)]];
    }),
  );
}
