/** What was asked of the REST API, for tests that count. */

export interface LoggedCall {
  readonly method: string;
  /** Without `/api/v3` and without the query. */
  readonly path: string;
  readonly query: string;
  /** The published path, or `null` for one the fake does not have. */
  readonly template: string | null;
  readonly status: number;
  readonly auth: "anonymous" | "app" | "installation" | "personal" | "refused";
  readonly at: number;
}

export class CallLog {
  private entries: LoggedCall[] = [];

  get all(): readonly LoggedCall[] {
    return this.entries;
  }

  add(call: LoggedCall): void {
    this.entries.push(call);
  }

  clear(): void {
    this.entries = [];
  }

  /** How many calls had this method and published path, such as `POST /orgs/{org}/actions/runners/generate-jitconfig`. */
  count(name: string): number {
    return this.entries.filter((call) => nameOf(call) === name).length;
  }

  /** How many calls of each kind, the most frequent first. */
  byTemplate(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const name of this.entries.map(nameOf)) counts.set(name, (counts.get(name) ?? 0) + 1);
    return new Map([...counts].sort(([, one], [, other]) => other - one));
  }

  /** "GitHub calls per job", as lines to print. Answers of 304 cost nothing and stand apart. */
  perJob(jobs: number): string {
    const free = this.entries.filter(({ status }) => status === 304).length;
    const paid = this.entries.length - free;
    const lines = [...this.byTemplate()].map(([name, count]) => `  ${String(count).padStart(6)}  ${name}`);
    const each = jobs === 0 ? "no jobs" : `${(paid / jobs).toFixed(2)} per job`;
    return [`GitHub calls: ${paid} for ${jobs} jobs (${each}), and ${free} answered with 304`, ...lines].join("\n");
  }
}

function nameOf({ method, template, path }: LoggedCall): string {
  return `${method} ${template ?? path}`;
}
