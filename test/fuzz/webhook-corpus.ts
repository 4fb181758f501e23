/** Webhooks as GitHub sends them: its own examples, and the short ones of our tests. */
import definitions from "@octokit/webhooks-examples";
import { job, told } from "../sources/github/webhook-parcels";

export interface Webhook {
  readonly event: string;
  readonly payload: unknown;
}

/** Owners and repositories of the examples. */
export const scopes = ["acme/widgets", "octo-org", "Codertocat", "wolfy1339", "lineville", "Octocoders"];

const spoken = ["workflow_job", "workflow_run"];

const examples = definitions.flatMap(({ name, examples: all }): Webhook[] => {
  const payloads: readonly unknown[] = all;
  return (spoken.includes(name) ? payloads : payloads.slice(0, 1)).map((payload) => ({ event: name, payload }));
});

const ended = { conclusion: "success", runner_name: "onejob-1", completed_at: "2026-11-21T11:59:59Z" };

const own: readonly Webhook[] = ["queued", "waiting", "in_progress", "completed"].flatMap((action) =>
  [job, { ...job, ...ended }, { ...job, id: "99999999999999999999", labels: ["linux"] }].map((subject) => ({
    event: "workflow_job",
    payload: JSON.parse(told(action, subject)) as unknown,
  })),
);

/** News of jobs and runs far more often than what nobody here listens to. */
export const jobNews: readonly Webhook[] = [...own, ...examples.filter(({ event }) => spoken.includes(event))];
export const otherNews: readonly Webhook[] = examples.filter(({ event }) => !spoken.includes(event));
