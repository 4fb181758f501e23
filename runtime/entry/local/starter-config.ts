/** The file `onejob init` writes: valid as it stands, every line explained, and the same as without any file. */
import { machineLabels } from "../../core/read-settings";
import type { SettingsContext } from "../../core/read-settings";

export function starterConfig(machine: SettingsContext): string {
  return `# Settings of Onejob. Every key, its default and its range: docs/configuration.md
# Check this file with \`onejob config validate\`.

version: 1 # of this format

server:
  listen: "127.0.0.1:7433" # address and port; only this machine can reach 127.0.0.1
  maxRunners: 8 # most runners alive at once, over all profiles

# What runners there are. A job asks for labels and gets the profile that has all of them.
profiles:
  - name: default # what \`onejob submit --profile\` takes
    labels: [${machineLabels(machine).join(", ")}] # what jobs may ask for
    compute:
      kind: process # runs jobs on this machine, as processes
    limits:
      maxRunners: 8 # most runners of this profile alive at once
      # memoryMiB: 2048 # most memory of one job, where the system can enforce it
      # cpus: 2 # most processors of one job, where the system can enforce it
    timeouts:
      idle: 5m # how long a runner may wait for a job
      job: 6h30m # how long a job may run, unless it asks for less
      queued: 24h # how long a job may wait for a runner

retention:
  finished: 7d # how long finished jobs and their logs are kept
  logsMiB: 1024 # most space for logs
`;
}
