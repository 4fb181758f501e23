/** Every default of a compute filled in. The file has been checked before. */
import type { ComputeSettings, DockerComputeSettings } from "./settings";
import type { FileOf } from "./settings-node";
import type { computeKinds } from "./settings-schema-computes";
import { dockerCompute, processCompute } from "./settings-schema-computes";
import { placeOf } from "./settings-secret-place";
import { serverOrigin } from "./settings-urls";

type ComputeFile = FileOf<(typeof computeKinds)[number]>;
type DockerFile = FileOf<typeof dockerCompute>;

export function fillInCompute(file: ComputeFile = { kind: "process" }): ComputeSettings {
  if (file.kind === "docker") return fillInDocker(file);
  return { kind: "process", firstUid: file.firstUid ?? processCompute.properties.firstUid.default };
}

function fillInDocker(file: DockerFile): DockerComputeSettings {
  const { registry, serverUrl } = file;
  return {
    kind: "docker",
    image: file.image,
    socket: file.socket ?? null,
    pull: file.pull ?? dockerCompute.properties.pull.default,
    registry: registry === undefined ? null : { ...registry, password: placeOf(registry.password) },
    network: file.network ?? null,
    user: file.user ?? null,
    serverUrl: serverUrl === undefined ? null : (serverOrigin(serverUrl) ?? serverUrl),
  };
}
