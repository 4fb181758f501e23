import { createHmac } from "node:crypto";
import definitions from "@octokit/webhooks-examples";
import type { JobEvent } from "../../../runtime/core/events";
import { githubReceiver } from "../../../runtime/sources/github/receive";
import { noon } from "../../fixtures/records";
import { Bench } from "./source-bench";

interface Example {
  readonly action: string;
  readonly repository: { readonly full_name: string };
  readonly workflow_job?: { readonly id: number; readonly conclusion: string | null; readonly status: string };
}

/** Everything GitHub itself shows as an example of the event. */
function examplesOf(event: string): readonly Example[] {
  const found = definitions.find(({ name }) => name === event);
  return (found?.examples ?? []) as readonly unknown[] as readonly Example[];
}

function receive(event: string, payload: unknown) {
  const scopes = ["octo-org", "Codertocat", "wolfy1339", "lineville", "Octocoders"];
  const body = Buffer.from(JSON.stringify(payload));
  const signature = createHmac("sha256", "a webhook's secret").update(body).digest("hex");
  const headers = {
    "content-type": "application/json",
    "x-github-event": event,
    "x-hub-signature-256": `sha256=${signature}`,
  };
  const { options } = new Bench("https://github.com", { scopes });
  return githubReceiver(options)({ id: "d", headers, body, receivedAt: noon });
}

describe("GitHub's own examples", () => {
  const jobs = examplesOf("workflow_job");

  it("cover every kind of news of a job", () => {
    expect(new Set(jobs.map(({ action }) => action))).toEqual(
      new Set(["queued", "waiting", "in_progress", "completed"]),
    );
  });

  it.each(jobs.map((example) => [example.action, example.workflow_job?.status, example] as const))(
    "of a job (%s, %s inside) are understood",
    async (action, status, example) => {
      const parsed = await receive("workflow_job", example);
      const event: JobEvent | undefined = parsed.kind === "events" ? parsed.events[0] : undefined;
      const kinds = { queued: "queued", waiting: "waiting", in_progress: "started", completed: "finished" } as const;
      // One of them is `queued` and `waiting` inside: held back for an approval.
      expect(event?.kind).toBe(kinds[status as keyof typeof kinds]);
      expect(event?.facts.id).toBe(String(example.workflow_job?.id));
      expect(event?.succeeded).toBe(action === "completed" ? example.workflow_job?.conclusion === "success" : null);
      expect(event?.runnerName === null).toBe(action === "queued" || action === "waiting");
      expect(event?.facts.labels.length).toBeGreaterThan(0);
      expect(event?.at).toBeLessThanOrEqual(noon);
    },
  );

  it.each(examplesOf("workflow_run").map((example) => [example.action, example] as const))(
    "of a run (%s) are understood",
    async (action, example) => {
      const parsed = await receive("workflow_run", example);
      expect(parsed.kind).toBe(action === "completed" ? "run-over" : "ignored");
    },
  );

  it("of every other event are none of our business", async () => {
    for (const { name, examples } of definitions) {
      if (name === "workflow_job" || name === "workflow_run") continue;
      const parsed = await receive(name, examples[0]);
      expect([name, parsed.kind]).toEqual([name, "ignored"]);
    }
  });
});
