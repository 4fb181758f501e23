/** A seed in words: what it broke, how to see it again, how small it can be made, and what happened, as far as it matters. */
import { follow } from "./follow";
import { promises, type Violation } from "./judge";
import { commandFor } from "./options";
import type { Scenario } from "./scenario";
import { shrink } from "./shrink";
import { simulate, type Outcome } from "./simulate";
import { sinceStart, textOf } from "./story";

export interface Telling {
  /** @default the simulator as it is */
  readonly run?: typeof simulate;
  /** How to make it smaller; absent: it is told as it is. */
  readonly shrink?: { readonly mostRuns?: number; readonly isLate?: () => boolean } | undefined;
  /** Every line of the story, whether or not it matters. */
  readonly whole?: boolean;
}

export async function tell(scenario: Scenario, telling: Telling = {}): Promise<string> {
  const { run = simulate, whole = false } = telling;
  const outcome = await run(scenario, { withStory: whole });
  const parts = [whole ? textOf(outcome.story?.lines ?? []) : "", headOf(outcome)];
  if (outcome.violation !== undefined) {
    const small = telling.shrink && (await shrink(outcome, { ...telling.shrink, run }));
    if (small !== undefined) parts.push(smallText(small.outcome, small.runs));
    if (!whole) parts.push(storyText(await run((small?.outcome ?? outcome).scenario, { withStory: true })));
  }
  return parts.filter((part) => part !== "").join("\n\n");
}

/** In short: what it broke, and how to see it again. */
export function failureText({ scenario, violation }: Outcome): string {
  const lines = violation === undefined ? [] : brokenLines(scenario.seed, violation);
  return [...lines, `  again: ${commandFor(scenario)}`].join("\n");
}

function headOf({ scenario, plan, violation, jobs, happened, steps, tookMs }: Outcome): string {
  const { seed, without } = scenario;
  const lines = [
    ...(violation === undefined ? [`seed ${seed} holds`] : brokenLines(seed, violation)),
    `  ${jobs} jobs on ${plan.host === "process" ? "one process" : "functions"}, at most ${plan.profileCap} machines of a profile and ${plan.fleetCap} in all`,
    `  ${happened.length} faults, ${steps} steps, ${sinceStart(tookMs).trim()} of virtual time${without === undefined ? "" : `, without ${without}`}`,
    `  again: ${commandFor(scenario)}`,
  ];
  return lines.join("\n");
}

function brokenLines(seed: number, { promise, what }: Violation): readonly string[] {
  return [`seed ${seed} breaks ${promise}: ${promises[promise]}`, `  ${what}`];
}

function smallText({ scenario, jobs, happened, violation }: Outcome, runs: number): string {
  return [
    `shrunk in ${runs} runs to ${jobs} jobs and ${happened.length} faults: ${violation?.what ?? ""}`,
    `  again: ${commandFor(scenario)}`,
    "  as a row of test/simulation/regressions.ts:",
    `  ${rowOf(scenario, violation)},`,
  ].join("\n");
}

/** What stands in the table of regressions; its name says what is promised, and is worth a better one. */
function rowOf(scenario: Scenario, violation: Violation | undefined): string {
  const name = violation === undefined ? "holds" : promises[violation.promise];
  const { seed, jobs, arrivals, faults, only, without } = scenario;
  const fields = Object.entries({ seed, jobs, arrivals, faults, only, without }).filter(
    ([, value]) => value !== undefined,
  );
  const text = fields.map(([field, value]) => `${field}: ${JSON.stringify(value).replaceAll(",", ", ")}`).join(", ");
  return `{ name: ${JSON.stringify(`${name} (seed ${seed})`)}, scenario: { ${text} } }`;
}

function storyText({ story, violation }: Outcome): string {
  const names = violation?.names ?? [];
  const { lines, leftOut } = follow(story?.lines ?? [], names);
  const rest = leftOut === 0 ? "" : `, the last ${lines.length} lines (all of it: --story)`;
  return [`what happened to ${names.join(", ")}, and just before${rest}:`, textOf(lines)].join("\n");
}
