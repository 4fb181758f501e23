/**
 * Everything that can go wrong, by name: how often it does at each opportunity, in a seed of usual weather. A seed gives
 * each of them a weight of its own, often none, so that rare combinations come up, too.
 */
export interface Fault {
  /** Who lets us down. */
  readonly class: "host" | "ledger" | "queue" | "forge" | "cloud" | "machine" | "people";
  readonly what: string;
  /** Chance at each opportunity. */
  readonly rate: number;
}

export const faults = {
  "crash-before": { class: "host", what: "whoever was about to do it dies, nothing was done", rate: 0.0004 },
  "crash-after": { class: "host", what: "it was done, and whoever did it dies before it knows", rate: 0.0004 },
  "slow-call": { class: "host", what: "one call takes up to a minute", rate: 0.001 },
  restart: { class: "host", what: "the server is stopped in good order, and another one starts", rate: 0.02 },
  "ledger-error": { class: "ledger", what: "a read or write fails, nothing was done", rate: 0.001 },
  "ledger-lost-answer": { class: "ledger", what: "a write is done, its repetition is refused by it", rate: 0.001 },
  "index-lag": { class: "ledger", what: "an index shows what was up to two seconds ago", rate: 0.2 },
  "message-twice": { class: "queue", what: "a message is delivered twice", rate: 0.02 },
  "message-late": { class: "queue", what: "a message is delivered up to two minutes late", rate: 0.01 },
  "send-in-part": { class: "queue", what: "some of the messages are stored, then the call fails", rate: 0.002 },
  "webhook-lost": { class: "forge", what: "a webhook is never sent", rate: 0.03 },
  "webhook-twice": { class: "forge", what: "a webhook comes twice", rate: 0.05 },
  "webhook-late": { class: "forge", what: "a webhook comes up to ten minutes late, after later ones", rate: 0.05 },
  "forge-error": { class: "forge", what: "a call of the forge is answered 5xx, nothing was done", rate: 0.01 },
  "forge-lost-answer": { class: "forge", what: "the forge did it, and its answer is lost", rate: 0.005 },
  "forge-outage": { class: "forge", what: "the forge answers nothing for up to ten minutes", rate: 0.01 },
  "rate-limit": { class: "forge", what: "the forge asks us to wait for a minute", rate: 0.004 },
  "stale-answer": { class: "forge", what: "the forge answers how a job stood up to half a minute ago", rate: 0.02 },
  "busy-lag": { class: "forge", what: "a runner that is free is said to be busy for half a minute", rate: 0.05 },
  "runner-dropped": { class: "forge", what: "the forge forgets a runner that listens", rate: 0.005 },
  "foreign-runner": { class: "forge", what: "a runner of somebody else takes the job", rate: 0.01 },
  "job-deleted": { class: "forge", what: "a job is gone there, with its run, and no word of it", rate: 0.005 },
  "bad-group": { class: "forge", what: "no runner that is new is given anything for up to an hour", rate: 0.001 },
  "never-given": { class: "forge", what: "a listening runner is never given anything", rate: 0.01 },
  "no-capacity": { class: "cloud", what: "no machine of that kind for up to ten minutes", rate: 0.02 },
  quota: { class: "cloud", what: "the account's limit stands for up to ten minutes", rate: 0.01 },
  "cloud-throttled": { class: "cloud", what: "a launch is throttled", rate: 0.02 },
  "partial-fleet": { class: "cloud", what: "some machines of a launch are made, the others not", rate: 0.05 },
  "cloud-error": { class: "cloud", what: "a call of the cloud fails, nothing was done", rate: 0.01 },
  "cloud-lost-answer": { class: "cloud", what: "the cloud did it, and its answer is lost", rate: 0.01 },
  "cloud-outage": { class: "cloud", what: "the compute answers nothing for 5 to 40 minutes", rate: 0.001 },
  "no-spot": {
    class: "cloud",
    what: "spare capacity is used up for up to ten minutes, on-demand is there",
    rate: 0.03,
  },
  "no-on-demand": {
    class: "cloud",
    what: "on-demand is used up for up to ten minutes, spare capacity is there",
    rate: 0.02,
  },
  unpaired: {
    class: "cloud",
    what: "a machine is made, cannot be told whose it is, and stays until somebody ends it",
    rate: 0.01,
  },
  "born-dead": { class: "cloud", what: "a machine is made and ends in its first seconds", rate: 0.02 },
  "word-lost": { class: "cloud", what: "the cloud's word of a notice, or of a machine's end, never comes", rate: 0.1 },
  "word-late": { class: "cloud", what: "the cloud's word comes up to five minutes late", rate: 0.1 },
  "word-twice": { class: "cloud", what: "the cloud's word comes twice", rate: 0.1 },
  rebalance: { class: "cloud", what: "the cloud says that it may want a machine back soon", rate: 0.02 },
  misconfigured: {
    class: "cloud",
    what: "launches are refused for what was configured, for up to ten minutes",
    rate: 0.003,
  },
  remains: { class: "cloud", what: "what is left of a dead machine stays in the list until it is ended", rate: 0.1 },
  nameless: { class: "cloud", what: "a machine does not say its launch for its first minute", rate: 0.05 },
  "slow-end": { class: "cloud", what: "a machine that was ended goes on for up to 40 seconds", rate: 0.1 },
  "list-lag": { class: "cloud", what: "the list of machines is some seconds old", rate: 0.3 },
  "boot-hang": { class: "machine", what: "a machine never comes up", rate: 0.02 },
  "boot-death": { class: "machine", what: "a machine dies while it boots", rate: 0.02 },
  "bad-image": { class: "machine", what: "no machine of a profile comes up for up to an hour", rate: 0.002 },
  interrupted: { class: "machine", what: "a spot machine is taken back two minutes after notice", rate: 0.1 },
  "notice-unseen": { class: "machine", what: "an agent does not see the notice", rate: 0.2 },
  "machine-death": { class: "machine", what: "a machine is gone, without a word", rate: 0.01 },
  "agent-death": {
    class: "machine",
    what: "the agent dies, and its machine stays, at times with a listener",
    rate: 0.01,
  },
  "network-cut": { class: "machine", what: "a machine reaches nobody for up to five minutes", rate: 0.02 },
  "report-lost-answer": { class: "machine", what: "an agent's word is heard, and the answer is lost", rate: 0.01 },
  "second-agent": { class: "machine", what: "another agent shows the same machine's token", rate: 0.02 },
  cancel: { class: "people", what: "somebody cancels a job", rate: 0.06 },
  overlong: { class: "people", what: "a job takes longer than its time", rate: 0.01 },
  drain: { class: "people", what: "somebody drains the fleet, and resumes it", rate: 0.01 },
  reload: { class: "people", what: "the configuration is changed, and changed back", rate: 0.01 },
  rerun: { class: "people", what: "somebody runs an ended job again", rate: 0.03 },
  approval: { class: "people", what: "a job waits for an approval, before or after it was queued", rate: 0.08 },
} as const satisfies Readonly<Record<string, Fault>>;

export type FaultName = keyof typeof faults;

export const faultNames = Object.keys(faults).filter((name): name is FaultName => Object.hasOwn(faults, name));

export function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(faults, name);
}
