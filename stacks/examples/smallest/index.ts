/** The smallest fleet: one organisation, machines for `runs-on: [self-hosted, linux, x64]`, all else as it comes. */
import { RunnerFleet } from "../../../components";

const fleet = new RunnerFleet("ci", {
  sources: [{ name: "gh", kind: "github", scopes: ["acme"], auth: { appId: 12_345 } }],
  profiles: [{ name: "small", labels: ["self-hosted", "linux", "x64"] }],
});

export const { webhookUrls, nextStep } = fleet;
