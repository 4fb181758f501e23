/** Where the engine is when a profile does not say: as DOCKER_HOST says, else at the first usual place there is. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { LaunchRefusal } from "../../core/launch-refusal";

type Environment = Readonly<Record<string, string | undefined>>;

/** Every path that can come out of `usualSocket`. */
export function usualSockets(env: Environment): readonly string[] {
  const host = env["DOCKER_HOST"];
  if (host) return host.startsWith("unix://") ? [host.slice("unix://".length)] : [];
  const runtime = env["XDG_RUNTIME_DIR"];
  const own = (...parts: string[]) => (runtime ? [join(runtime, ...parts)] : []);
  const desktop = env["HOME"] ? [join(env["HOME"], ".docker", "run", "docker.sock")] : [];
  return ["/var/run/docker.sock", ...own("docker.sock"), ...desktop, ...own("podman", "podman.sock"), podman];
}

const podman = "/run/podman/podman.sock";

/** Throws a refusal that names the places. */
export function usualSocket(env: Environment): string {
  const host = env["DOCKER_HOST"];
  const places = usualSockets(env);
  if (host && places.length === 0) {
    const fix = "set compute.socket, or DOCKER_HOST to unix:// and the path of a socket";
    throw new LaunchRefusal("misconfigured", `DOCKER_HOST is no socket of this machine (${schemeOf(host)}); ${fix}`);
  }
  const found = host ? places[0] : places.find((place) => existsSync(place));
  if (found !== undefined) return found;
  const fix = "start Docker or Podman, or set compute.socket";
  throw new LaunchRefusal("no-capacity", `no container engine is found (looked at ${places.join(", ")}); ${fix}`);
}

/** The rest may hold a user and a password. */
function schemeOf(host: string): string {
  return /^[a-z]+:\/\//i.exec(host)?.[0] ?? "no address";
}
