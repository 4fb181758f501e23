/** A profile of EC2, as the settings' reader would give it. */
import type { Ec2ComputeSettings, ProfileSettings } from "../../../runtime/core/settings";

export function ec2Profile(
  name: string,
  compute: Partial<Ec2ComputeSettings> = {},
): ProfileSettings & { compute: Ec2ComputeSettings } {
  return {
    name,
    labels: [name],
    compute: {
      kind: "ec2",
      image: { os: "ubuntu-24.04" },
      arch: "x64",
      types: ["m7i.large"],
      spot: "preferred",
      spotAttempts: 1,
      onInterruption: "rerun",
      volume: { sizeGiB: 40, throughputMiBps: 250, iops: 3_000 },
      role: null,
      connect: "never",
      ...compute,
    },
    limits: { maxRunners: 8, memoryMiB: null, cpus: null },
    timeouts: { bootMs: 300_000, idleMs: 300_000, jobMs: 23_400_000, queuedMs: 1, waitingMs: 1 },
    priority: 0,
  };
}
