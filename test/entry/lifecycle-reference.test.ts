import { jobLifecycle, launchLifecycle, runnerLifecycle } from "../../runtime/core/lifecycle";
import { stages } from "../../runtime/core/model";
import {
  deadlineTable,
  jobDiagram,
  launchDiagram,
  runnerDiagram,
  stageTable,
} from "../../runtime/entry/local/docs/lifecycle-reference";

type Table = Readonly<Record<string, Readonly<Record<string, { readonly to: string }>>>>;

/** "from event to" of every arrow that is drawn. */
function drawn(diagram: string): readonly string[] {
  return diagram.split("\n").flatMap((line) => {
    const [, from, to, events] = /^ {2}(\w+) --> (\w+) : (.+)$/.exec(line) ?? [];
    return (events ?? "").split(", ").flatMap((event) => (event === "" ? [] : [`${from} ${event} ${to}`]));
  });
}

function written(table: Table): readonly string[] {
  return Object.entries(table).flatMap(([from, row]) =>
    Object.entries(row).map(([event, { to }]) => `${from} ${event} ${to}`),
  );
}

const diagrams: readonly (readonly [string, () => string, Table])[] = [
  ["jobs", jobDiagram, jobLifecycle],
  ["runners", runnerDiagram, runnerLifecycle],
  ["launches", launchDiagram, launchLifecycle],
];

describe.each(diagrams)("the diagram of %s", (_, diagram, table) => {
  it("draws every cell of the table, and nothing else", () => {
    expect([...drawn(diagram())].sort()).toEqual([...written(table)].sort());
  });

  it("ends in the states that nothing leaves, and in no other", () => {
    const last = Object.entries(table).flatMap(([state, row]) => (Object.keys(row).length === 0 ? [state] : []));
    const ends = [...diagram().matchAll(/^ {2}(\w+) --> \[\*\]$/gm)].map(([, state]) => state);
    expect(ends).toEqual(last);
  });

  it("draws one arrow at most between two states", () => {
    const arrows = [...diagram().matchAll(/^ {2}(\S+ --> \S+)/gm)].map(([, arrow]) => arrow);
    expect(new Set(arrows).size).toBe(arrows.length);
  });
});

describe("the table of the timeline", () => {
  it("names every stage in the order in which they come", () => {
    const named = [...stageTable().matchAll(/^\| `(\w+)`/gm)].map(([, stage]) => stage);
    expect(named.slice(0, stages.length)).toEqual([...stages]);
  });
});

describe("the table of deadlines", () => {
  it.each([
    ["profiles[].timeouts.queued", "24h"],
    ["profiles[].timeouts.boot", "30s` for compute `process`, `2m` for compute `docker`, `5m` for compute `ec2"],
    ["lease.duration", "30s"],
  ])("gives for %s the default of the schema, %s", (path, value) => {
    const row = deadlineTable()
      .split("\n")
      .find((line) => line.includes(`\`${path}\``));
    expect(row).toContain(`| \`${value}\` `);
  });
});
