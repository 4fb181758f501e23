/** What is printed in the end, and written for programs. Scripts read the last line. */
import { faults } from "./faults";
import { promises } from "./judge";
import { commandFor } from "./options";
import type { Failure, Tally } from "./tally";

const mostLines = 20;

export function reportOf(tally: Tally, wallMs: number): string {
  return [...faultTable(tally), "", timeLine(tally, wallMs), ...failureLines(tally), lastLine(tally)].join("\n");
}

export function lastLine({ seeds, jobs, faults, failures }: Tally): string {
  return `seeds ${seeds}, jobs ${jobs}, faults ${faults}, violations ${failures.length}`;
}

export function failureLine({ scenario, promise, what }: Failure): string {
  return promise === undefined
    ? `seed ${scenario.seed} could not be run: ${what}`
    : `seed ${scenario.seed} breaks ${promise} (${promises[promise]}): ${what}`;
}

export function figuresOf(tally: Tally, wallMs: number) {
  const { seeds, jobs, virtualMs } = tally;
  const kinds = [...tally.byClass].map(([name, kinds]) => [
    name,
    Object.fromEntries(kinds.map((kind) => [kind, tally.count(kind)])),
  ]);
  return {
    ...{ seeds, jobs, faults: tally.faults, violations: tally.failures.length },
    ...{ virtualMs, wallMs: Math.round(wallMs), jobsPerSecond: perSecond(jobs, wallMs) },
    faultsByClass: Object.fromEntries(kinds) as Readonly<Record<string, Readonly<Record<string, number>>>>,
    failures: tally.sortedFailures.map((failure) => ({ ...failure, again: commandFor(failure.scenario) })),
  };
}

export function perSecond(count: number, ms: number): number {
  return Math.round((count / Math.max(1, ms)) * 1_000);
}

/** Of a single seed only what came; of many also what never did, which may be a fault that nobody meets. */
function faultTable(tally: Tally): readonly string[] {
  return [...tally.byClass].flatMap(([name, kinds]) =>
    kinds
      .filter((kind) => tally.seeds !== 1 || tally.count(kind) > 0)
      .map((kind, at) => {
        const count = String(tally.count(kind)).padStart(9);
        return `${(at === 0 ? name : "").padEnd(8)} ${kind.padEnd(18)} ${count}  ${faults[kind].what}`;
      }),
  );
}

function timeLine({ jobs, virtualMs }: Tally, wallMs: number): string {
  const hours = (virtualMs / 3_600_000).toFixed(1);
  return `${hours} hours of virtual time in ${(wallMs / 1_000).toFixed(1)} s, ${perSecond(jobs, wallMs)} jobs/s`;
}

function failureLines({ sortedFailures }: Tally): readonly string[] {
  const lines = sortedFailures.flatMap((failure) => [failureLine(failure), `  ${commandFor(failure.scenario)}`]);
  const more = sortedFailures.length - mostLines;
  return more > 0 ? [...lines.slice(0, 2 * mostLines), `and ${more} more failing seeds`] : lines;
}
