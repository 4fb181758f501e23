/** A profile of EC2, as the settings' reader would give it. */
import type { Ec2ComputeSettings, ProfileSettings } from "../../../runtime/core/settings";
import { someEc2Compute } from "../../fixtures/ec2-profile";

export function ec2Profile(
  name: string,
  compute: Partial<Ec2ComputeSettings> = {},
): ProfileSettings & { compute: Ec2ComputeSettings } {
  return {
    name,
    labels: [name],
    compute: someEc2Compute({ types: ["m7i.large"], ...compute }),
    limits: { maxRunners: 8, memoryMiB: null, cpus: null },
    timeouts: { bootMs: 300_000, idleMs: 300_000, jobMs: 23_400_000, queuedMs: 1, waitingMs: 1 },
    priority: 0,
  };
}
