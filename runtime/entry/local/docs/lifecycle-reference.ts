/** The diagrams and tables of `docs/concepts.md`, made from the lifecycle tables so that they cannot say anything else. */
import { jobLifecycle, launchLifecycle, runnerLifecycle } from "../../../core/lifecycle";
import { stages, type Incident, type Stage } from "../../../core/model";
import { settingKeys } from "../../../core/settings-keys";
import { markdownTable } from "./markdown-table";

type Transitions = Readonly<Record<string, Readonly<Record<string, { readonly to: string }>>>>;

export const jobDiagram = (): string => stateDiagram(jobLifecycle, "queued");
export const runnerDiagram = (): string => stateDiagram(runnerLifecycle, "requested");
export const launchDiagram = (): string => stateDiagram(launchLifecycle, "requested");

/** One arrow from state to state, however many events lead there. */
function stateDiagram(table: Transitions, first: string): string {
  const arrows = Object.entries(table).flatMap(([from, row]) => {
    const targets = [...new Set(Object.values(row).map(({ to }) => to))];
    if (targets.length === 0) return [`${from} --> [*]`];
    return targets.map((to) => `${from} --> ${to} : ${eventsTo(row, to).join(", ")}`);
  });
  return ["```mermaid", "stateDiagram-v2", `  [*] --> ${first}`, ...arrows.map((line) => `  ${line}`), "```"].join(
    "\n",
  );
}

function eventsTo(row: Transitions[string], to: string): readonly string[] {
  return Object.entries(row).flatMap(([event, step]) => (step.to === to ? [event] : []));
}

const stageWords: Readonly<Record<Stage, string>> = {
  created: "the command was handed over",
  received: "the server had read all of it",
  admitted: "it was stored and has a profile",
  claimed: "the planner decided to make a machine for it",
  launching: "the compute was called",
  launched: "the compute said that the machine is made",
  booted: "the agent began",
  enrolled: "the agent proved who it is",
  listening: "the agent said that it can take a job",
  started: "the command runs",
  finished: "the attempt ended",
};

const incidentWords: Readonly<Record<Incident, string>> = {
  waiting: "something held it back; the reason says what",
  relaunched: "it goes back to the queue: its machine did not come, or the attempt failed and may be repeated",
  adopted: "the server was restarted and found the job running",
  cancelled: "somebody cancelled it",
  expired: "it waited too long",
  interrupted: "its machine was taken away",
};

export function stageTable(): string {
  const steps = stages.map((stage) => [`\`${stage}\``, stageWords[stage]]);
  const incidents = Object.entries(incidentWords).map(([incident, words]) => [`\`${incident}\``, words]);
  return markdownTable(["entry", "what happened"], [...steps, ...incidents]).join("\n");
}

interface Deadline {
  readonly of: string;
  readonly path: string;
  readonly then: string;
}

const deadlines: readonly Deadline[] = [
  {
    of: "a job without a runner",
    path: "profiles[].timeouts.queued",
    then: "it is `expired` with the reason `queue-timeout`",
  },
  {
    of: "a running job",
    path: "profiles[].timeouts.job",
    then: "its agent kills it: `failed`, `job-timeout`; the server does so 30 s later if no word comes",
  },
  {
    of: "a machine that has not reported",
    path: "profiles[].timeouts.boot",
    then: "it is ended and replaced; three in a row open the breaker",
  },
  { of: "a runner without a job", path: "profiles[].timeouts.idle", then: "it is stopped" },
  {
    of: "silence of a running agent",
    path: "lease.duration",
    then: "the compute is asked; only a dead machine ends anything",
  },
];

export function deadlineTable(): string {
  const rows = deadlines.map(({ of, path, then }) => [of, `\`${path}\``, defaultOf(path), then]);
  return markdownTable(["deadline of", "setting", "default", "when it passes"], rows).join("\n");
}

/** What depends on other settings has its default in words. */
function defaultOf(path: string): string {
  const node = settingKeys().find((setting) => setting.path === path)?.node;
  const value = node !== undefined && "default" in node ? node.default : undefined;
  if (value !== undefined) return `\`${value}\``;
  if (node?.preset !== undefined) return node.preset;
  throw new Error(`there is no setting ${path} with a default`);
}
