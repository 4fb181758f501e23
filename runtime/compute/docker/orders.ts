/**
 * What the agent in a container is told. It goes into the created container as a file, before it is started: the boot
 * token must be neither in its arguments nor in its environment or labels, which every user of the engine can read.
 */
import { basename, dirname } from "node:path";
import type { AgentBoot } from "../../core/agent-protocol";
import { LaunchRefusal } from "../../core/launch-refusal";
import { markerVariables } from "../../core/marker";
import type { DockerComputeSettings } from "../../core/settings";
import { archiveBytes, folderEntry, textEntry } from "./archive";
import type { EngineFacts } from "./engine-facts";
import type { MachineMark } from "./labels";

const ownFolder = "/var/onejob";
/** Where the folder with the server's socket is mounted. */
export const socketFolder = "/run/onejob";
export const bootFile = `${ownFolder}/boot.json`;

/** How the container gets to the server. */
export type Route =
  | { readonly kind: "url"; readonly url: string }
  /** `folder` is on the server's machine. */
  | { readonly kind: "socket"; readonly folder: string; readonly name: string };

/** Throws a refusal where the server's socket cannot be reached from a container of this engine. */
export function routeTo(
  { serverUrl }: Pick<DockerComputeSettings, "serverUrl">,
  { socket, facts }: { readonly socket: string | undefined; readonly facts: EngineFacts },
): Route {
  if (serverUrl !== null) return { kind: "url", url: serverUrl };
  const why = closedBecause(socket, facts);
  if (why === undefined && socket !== undefined) {
    return { kind: "socket", folder: dirname(socket), name: basename(socket) };
  }
  const fix = "set compute.serverUrl to an address of this server that containers reach, and server.listen to match";
  throw new LaunchRefusal("misconfigured", `containers cannot use this server's socket, because ${why}; ${fix}`);
}

function closedBecause(socket: string | undefined, facts: EngineFacts): string | undefined {
  if (process.platform !== "linux") {
    return "the engine is in a virtual machine (http://host.docker.internal:7433 with Docker Desktop)";
  }
  if (socket === undefined) return "the path of the data folder is too long for one";
  if (facts.selinux) return "SELinux confines the containers of this engine";
  return facts.remapped ? "the engine maps the users of containers (userns-remap) to others" : undefined;
}

export interface OrderParts {
  readonly mark: MachineMark;
  readonly bootToken: string;
  readonly route: Route;
  readonly compute: Pick<DockerComputeSettings, "user">;
  /** The image's own variables, for the job. */
  readonly environment: Readonly<Record<string, string>>;
}

export function bootOf({ mark, bootToken, route, compute, environment }: OrderParts): AgentBoot {
  const user = userOf(compute.user);
  return {
    // With a socket the host is only a header.
    url: route.kind === "url" ? route.url : "http://localhost",
    ...(route.kind === "url" ? {} : { socket: `${socketFolder}/${route.name}` }),
    bootToken,
    stateDir: `${ownFolder}/state`,
    jobDir: `${ownFolder}/job`,
    ...(user === undefined ? {} : { user }),
    environment,
    marker: markerVariables({ ...mark, role: "job" }),
  };
}

/** `uid[:gid]`; without a group, the one of the same number. `undefined`: root, as the agent itself. */
function userOf(user: string | null): AgentBoot["user"] {
  const [uid = "0", gid = uid] = (user ?? "").split(":");
  return Number(uid) === 0 ? undefined : { uid: Number(uid), gid: Number(gid) };
}

/** To be unpacked at the container's root. The job's own user has to get through to its folder. */
export function orderArchive(boot: AgentBoot): Promise<Buffer> {
  const at = (path: string) => path.slice(1);
  return archiveBytes([
    folderEntry("var", 0o755),
    folderEntry(at(ownFolder), 0o711),
    textEntry(at(bootFile), `${JSON.stringify(boot)}\n`, 0o600),
  ]);
}
