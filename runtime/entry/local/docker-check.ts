/** Whether the container engine of a profile answers, and has the image or may pull it. */
import { request } from "node:http";
import { usualSocket } from "../../compute/docker/engine-socket";
import { errorCode, errorText } from "../../core/error-facts";
import type { DockerComputeSettings } from "../../core/settings";
import { readSecret } from "./secrets";

export interface DockerFinding {
  readonly ok: boolean;
  readonly what: string;
  readonly fix: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Never throws. */
export async function checkDocker(compute: DockerComputeSettings, env: Environment): Promise<DockerFinding> {
  try {
    const socket = compute.socket ?? usualSocket(env);
    return (
      (await silentEngine(socket)) ?? (await registryFinding(compute, env)) ?? (await imageFinding(compute, socket))
    );
  } catch (error) {
    return bad(errorText(error), "start Docker or Podman, or name its socket in compute.socket");
  }
}

async function silentEngine(socket: string): Promise<DockerFinding | null> {
  try {
    const status = await statusOf(socket, "/_ping");
    if (status === 200) return null;
    return bad(`what listens at ${socket} is no container engine (${status})`, "correct compute.socket");
  } catch (error) {
    const code = errorCode(error) ?? errorText(error);
    const fix =
      code === "EACCES"
        ? "let this user use it (the group docker), or take the socket of a rootless engine: who may use it is as good as root"
        : "start Docker or Podman, or correct compute.socket";
    return bad(`no container engine answers at ${socket} (${code})`, fix);
  }
}

/** Only what is wrong with it. */
async function registryFinding({ registry }: DockerComputeSettings, env: Environment): Promise<DockerFinding | null> {
  if (registry === null) return null;
  try {
    await readSecret(registry.password, env);
    return null;
  } catch (error) {
    return bad(errorText(error), "put the registry's password where the config file says it is kept");
  }
}

async function imageFinding({ image, pull }: DockerComputeSettings, socket: string): Promise<DockerFinding> {
  const status = await statusOf(socket, `/images/${image}/json`);
  if (status === 200) return { ok: true, what: `the engine at ${socket} answers, and has ${image}`, fix: "" };
  if (status !== 404)
    return bad(`the engine at ${socket} does not know the image ${image} (${status})`, "correct compute.image");
  if (pull === "never") {
    return bad(
      `the engine at ${socket} lacks ${image}, and it may not be pulled`,
      `pull ${image}, or write pull: missing`,
    );
  }
  return { ok: true, what: `the engine at ${socket} answers, and pulls ${image} at the first launch`, fix: "" };
}

const patienceMs = 5_000;

function statusOf(socketPath: string, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path, method: "GET", agent: false, headers: { host: "docker" } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    call.setTimeout(patienceMs, () => call.destroy(new Error(`no answer within ${patienceMs / 1_000} s`)));
    call.on("error", reject);
    call.end();
  });
}

function bad(what: string, fix: string): DockerFinding {
  return { ok: false, what, fix };
}
