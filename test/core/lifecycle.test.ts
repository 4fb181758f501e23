import { isFinal, isGone, jobLifecycle, launchLifecycle, runnerLifecycle } from "../../runtime/core/lifecycle";
import { jobStates, launchStates, runnerStates } from "../../runtime/core/model";

type Rows = Readonly<Record<string, Readonly<Record<string, { readonly to: string } | undefined>>>>;

const tables: readonly { name: string; rows: Rows; states: readonly string[]; start: string }[] = [
  { name: "jobs", rows: jobLifecycle, states: jobStates, start: "queued" },
  { name: "runners", rows: runnerLifecycle, states: runnerStates, start: "requested" },
  { name: "launches", rows: launchLifecycle, states: launchStates, start: "requested" },
];

function reachable(rows: Rows, from: string): Set<string> {
  const seen = new Set([from]);
  for (const state of seen) for (const step of Object.values(rows[state] ?? {})) if (step) seen.add(step.to);
  return seen;
}

function isLast(rows: Rows, state: string): boolean {
  return Object.keys(rows[state] ?? {}).length === 0;
}

describe.each(tables)("the lifecycle of $name", ({ rows, states, start }) => {
  const open = states.filter((state) => !isLast(rows, state));

  it.each(open)("lets nothing get stuck in %s: it accepts expired and vanished", (state) => {
    expect(rows[state]).toHaveProperty("expired");
    expect(rows[state]).toHaveProperty("vanished");
  });

  it.each(open)("reaches an end from %s", (state) => {
    expect([...reachable(rows, state)].some((reached) => isLast(rows, reached))).toBe(true);
  });

  it("uses every state there is, from the first one on", () => {
    expect([...reachable(rows, start)].sort()).toEqual([...states].sort());
  });
});

describe("final states", () => {
  it("of jobs are exactly those that nothing leads out of", () => {
    const final = jobStates.filter(isFinal);
    expect(final).toEqual(["completed", "failed", "cancelled", "expired"]);
    expect(final).toEqual(jobStates.filter((state) => isLast(jobLifecycle, state)));
  });

  it("of runners is gone alone", () => {
    expect(runnerStates.filter(isGone)).toEqual(["gone"]);
    expect(runnerStates.filter((state) => isLast(runnerLifecycle, state))).toEqual(["gone"]);
  });
});
