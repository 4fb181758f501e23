/** Every default of a compute filled in. The file has been checked before. */
import type { ComputeSettings, DockerComputeSettings, Ec2ComputeSettings, Ec2Image } from "./settings";
import type { FileOf } from "./settings-node";
import type { computeKinds } from "./settings-schema-computes";
import { dockerCompute, processCompute } from "./settings-schema-computes";
import { ec2Compute, presetTypes, systems } from "./settings-schema-ec2";
import { placeOf } from "./settings-secret-place";
import { serverOrigin } from "./settings-urls";

type ComputeFile = FileOf<(typeof computeKinds)[number]>;
type DockerFile = FileOf<typeof dockerCompute>;
type Ec2File = FileOf<typeof ec2Compute>;

export function fillInCompute(file: ComputeFile | undefined): ComputeSettings {
  if (file?.kind === "docker") return fillInDocker(file);
  if (file?.kind === "ec2") return fillInEc2(file);
  return { kind: "process", firstUid: file?.firstUid ?? processCompute.properties.firstUid.default };
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

function fillInEc2(file: Ec2File): Ec2ComputeSettings {
  const known = ec2Compute.properties;
  const volume = known.volume.properties;
  const arch = file.arch ?? known.arch.default;
  return {
    kind: "ec2",
    image: imageOf(file.image ?? {}),
    arch,
    types: file.types ?? presetTypes[arch],
    spot: file.spot ?? known.spot.default,
    spotAttempts: file.spotAttempts ?? known.spotAttempts.default,
    onInterruption: file.onInterruption ?? known.onInterruption.default,
    volume: {
      sizeGiB: file.volume?.sizeGiB ?? volume.sizeGiB.default,
      throughputMiBps: file.volume?.throughputMiBps ?? volume.throughputMiBps.default,
      iops: file.volume?.iops ?? volume.iops.default,
    },
    role: file.role ?? null,
    connect: file.connect ?? known.connect.default,
  };
}

function imageOf({ os, ami, ssm }: NonNullable<Ec2File["image"]>): Ec2Image {
  if (ami !== undefined) return { ami };
  if (ssm !== undefined) return { ssm };
  return { os: os ?? systems[0] };
}
