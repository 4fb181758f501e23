/** Several kinds of machine for one organisation, made by a loop: settings are plain data. */
import { RunnerFleet, type ProfileArgs } from "../../../components";

const sizes = { small: "large", medium: "xlarge", large: "4xlarge" } as const;
const families = { x64: ["m7i", "m7a", "m6i", "m6a"], arm64: ["m8g", "m7g", "m6g"] } as const;

const profiles = Object.entries(sizes).flatMap(([name, size]): ProfileArgs[] =>
  (["x64", "arm64"] as const).map((arch) => ({
    name: `${name}-${arch}`,
    labels: ["self-hosted", "linux", arch, name],
    limits: { maxRunners: 20 },
    compute: { kind: "ec2", arch, types: families[arch].map((family) => `${family}.${size}`) },
  })),
);

const fleet = new RunnerFleet("ci", {
  sources: [{ name: "gh", kind: "github", scopes: ["acme"], auth: { appId: 12_345 } }],
  profiles,
  server: { maxRunners: 50 },
  dashboard: true,
});

export const { webhookUrls, idleCost } = fleet;
