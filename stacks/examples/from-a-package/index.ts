/** A fleet in a program of one's own: `onejob` comes from npm, as any other package. */
import { RunnerFleet } from "onejob";

const fleet = new RunnerFleet("ci", {
  sources: [{ name: "gh", kind: "github", scopes: ["acme"], auth: { appId: 12_345 } }],
  profiles: [{ name: "small", labels: ["self-hosted", "linux", "x64"] }],
});

export const { webhookUrls, apiUrl, nextStep } = fleet;
