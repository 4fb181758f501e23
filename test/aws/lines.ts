/** What functions write to standard output, kept instead of shown. */

type Line = Readonly<Record<string, unknown>>;

export interface Captured {
  all(): readonly string[];
  logged(): readonly Line[];
  /** Lines that hold this metric. */
  metrics(name: string): readonly Line[];
}

/** For each test of the file anew. */
export function captured(): Captured {
  let kept: string[] = [];
  let spy: jest.SpyInstance | undefined;
  beforeEach(() => {
    kept = [];
    spy = jest.spyOn(process.stdout, "write").mockImplementation((text) => {
      kept.push(...String(text).split("\n").filter(Boolean));
      return true;
    });
  });
  afterEach(() => spy?.mockRestore());
  const parsed = (): readonly Line[] =>
    kept.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as Line);
  return {
    all: () => kept,
    logged: () => parsed().filter((line) => !("_aws" in line)),
    metrics: (name) => parsed().filter((line) => "_aws" in line && name in line),
  };
}
