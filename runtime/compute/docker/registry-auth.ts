/** Who we are at a registry: as the profile says, else what `docker login` or `podman login` left in its file. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "../../core/error-facts";
import { LaunchRefusal } from "../../core/launch-refusal";
import { OnejobError } from "../../core/errors";
import type { Log } from "../../core/ports";
import type { DockerComputeSettings, SecretPlace } from "../../core/settings";
import { isRecord } from "./engine-answers";
import { dockerHub, registryOf, repositoryOf } from "./image-name";

export type RegistryAuth =
  | { readonly username: string; readonly password: string; readonly serveraddress: string }
  | { readonly identitytoken: string; readonly serveraddress: string };

export interface AuthPlaces {
  readonly secret: (place: SecretPlace) => Promise<string>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
}

/** Docker Hub keeps its logins under an address of its own. */
const hubAddress = "https://index.docker.io/v1/";
const hubKeys = [hubAddress, "index.docker.io", "registry-1.docker.io", dockerHub];

/** `undefined`: nobody in particular. Throws a refusal when the profile's secret cannot be read. */
export async function registryAuth(
  { image, registry }: Pick<DockerComputeSettings, "image" | "registry">,
  places: AuthPlaces,
): Promise<RegistryAuth | undefined> {
  const host = registryOf(image);
  const serveraddress = host === dockerHub ? hubAddress : host;
  if (registry !== null) {
    const { username } = registry;
    return { username, password: await secretOf(registry.password, places), serveraddress };
  }
  for (const file of authFiles(places.environment)) {
    const auths = await readAuths(file, places.log);
    const entry = keysOf(image)
      .map((key) => auths.get(key))
      .find((found) => found !== undefined);
    const auth = entry && authOf(entry);
    if (auth !== undefined) return { ...auth, serveraddress };
  }
  return undefined;
}

async function secretOf(place: SecretPlace, { secret }: AuthPlaces): Promise<string> {
  try {
    return await secret(place);
  } catch (error) {
    // Anything else may quote what it read.
    const why = error instanceof OnejobError ? error.message : "the registry's password cannot be read";
    throw new LaunchRefusal("misconfigured", why, { cause: error });
  }
}

function authFiles(env: AuthPlaces["environment"]): readonly string[] {
  const at = (folder: string | undefined, ...parts: string[]) => (folder ? [join(folder, ...parts)] : []);
  return [
    ...(env["DOCKER_CONFIG"] ? at(env["DOCKER_CONFIG"], "config.json") : at(env["HOME"], ".docker", "config.json")),
    ...at(env["REGISTRY_AUTH_FILE"]),
    ...at(env["XDG_RUNTIME_DIR"], "containers", "auth.json"),
    ...at(env["XDG_CONFIG_HOME"] ?? (env["HOME"] && join(env["HOME"], ".config")), "containers", "auth.json"),
  ];
}

type AuthEntry = Readonly<Record<string, unknown>>;

/** By registry, or by registry and path; an absent or broken file holds none. */
async function readAuths(file: string, log: Log): Promise<ReadonlyMap<string, AuthEntry>> {
  try {
    const config: unknown = JSON.parse(await readFile(file, "utf8"));
    const auths = isRecord(config) && isRecord(config["auths"]) ? config["auths"] : {};
    return new Map(Object.entries(auths).flatMap(([key, entry]) => (isRecord(entry) ? [[bareKey(key), entry]] : [])));
  } catch (error) {
    // Not the parser's own words: they quote the file.
    if (errorCode(error) !== "ENOENT") log.warn("registry logins cannot be read", { file, code: errorCode(error) });
    return new Map();
  }
}

/** Most particular first: Podman keeps logins for a part of a registry too. */
function keysOf(image: string): readonly string[] {
  const host = registryOf(image);
  const parts = repositoryOf(image).split("/");
  const paths = parts.map((_, index) => parts.slice(0, parts.length - index).join("/"));
  return [...paths, host, ...(host === dockerHub ? hubKeys : [])].map(bareKey);
}

function bareKey(key: string): string {
  return key.replace(/^https?:\/\//, "").replace(/\/(v[12]\/?)?$/, "");
}

function authOf({ auth, identitytoken, username, password }: AuthEntry) {
  if (isText(identitytoken)) return { identitytoken };
  if (isText(username) && isText(password)) return { username, password };
  const pair = isText(auth) ? Buffer.from(auth, "base64").toString("utf8").replace(/\0+$/, "") : "";
  const colon = pair.indexOf(":");
  return colon < 1 ? undefined : { username: pair.slice(0, colon), password: pair.slice(colon + 1) };
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
