/** What the functions of a running fleet wrote, in the order of time, and how to follow an id through it. */
import { DeployedFunction } from "./harness/deployed-function";

export type ToldLine = Readonly<Record<string, unknown>>;

export interface Told {
  /** Once the fleet is stopped. */
  text(): string;
  lines(): readonly ToldLine[];
}

/** For each test of the file anew. */
export function toldByFunctions(): Told {
  let invoked: jest.SpiedFunction<DeployedFunction["invoke"]> | undefined;
  beforeEach(() => {
    invoked = jest.spyOn(DeployedFunction.prototype, "invoke");
  });
  afterEach(() => invoked?.mockRestore());
  const text = (): string => {
    const containers = new Set<DeployedFunction>(invoked?.mock.contexts as DeployedFunction[]);
    return [...containers].map(({ said }) => said).join("\n");
  };
  return {
    text,
    lines() {
      const written = text()
        .split("\n")
        .filter((line) => line.startsWith("{"));
      const lines = written.map((line) => JSON.parse(line) as ToldLine).filter((line) => !("_aws" in line));
      return lines.sort((a, b) => (String(a["timestamp"]) < String(b["timestamp"]) ? -1 : 1));
    },
  };
}

const places: Readonly<Record<string, readonly string[]>> = {
  job: ["job", "jobs", "meantFor", "again"],
  launch: ["launch"],
  runner: ["runner", "runners"],
  machine: ["machine", "machines"],
};

/** Ids that stand in a field of another name than theirs, as `field: sentence`. */
export function misplaced(lines: readonly ToldLine[]): readonly string[] {
  const nameOf = new Map(
    lines
      .flatMap((line) => Object.keys(places).map((name) => [line[name], name] as const))
      .filter(([id]) => Boolean(id)),
  );
  return lines.flatMap((line) =>
    Object.entries(line).flatMap(([field, value]) => {
      const names = [value].flat().flatMap((id) => nameOf.get(id) ?? []);
      const isRight = names.every((name) => places[name]?.includes(field) === true);
      return isRight ? [] : [`${field}: ${String(line["message"])}`];
    }),
  );
}

/** As the saved queries search: the id as a whole, wherever it stands in a line. */
export function linesWith(lines: readonly ToldLine[], ids: Iterable<string>): readonly ToldLine[] {
  const words = [...ids].map((id) => JSON.stringify(id));
  return lines.filter((line) => words.some((word) => JSON.stringify(line).includes(word)));
}

/** Everything that a job's own lines lead to: its launches, runners and machines. */
export function followed(lines: readonly ToldLine[], job: string): readonly ToldLine[] {
  const ids = new Set([job]);
  for (const line of linesWith(lines, [job]))
    for (const name of ["launch", "runner", "machine"]) {
      const id = line[name];
      if (typeof id === "string") ids.add(id);
    }
  return linesWith(lines, ids);
}
