/** The simulator is only worth something if it finds bugs: here they are put in on purpose, into the ledger. */
import type { Instant, Job, PlannerRecord } from "../../runtime/core/model";
import type { DueItem, Ledger, Written } from "../../runtime/core/ports";
import { MemoryLedger } from "../fakes/memory-ledger";
import type { PromiseName } from "./judge";
import type { Kernel } from "./kernel";
import type { Scenario } from "./scenario";
import { shrink } from "./shrink";
import { simulate, type Outcome } from "./simulate";
import { tell } from "./tell";

/** Two planners for the same demand. */
class ForgetsTheLease extends MemoryLedger {
  override async savePlanner(record: PlannerRecord): Promise<Written<PlannerRecord>> {
    const outcome = await super.savePlanner(record);
    return outcome.written ? outcome : { written: true, record };
  }
}

/** Moves of a job that another move overtook. */
class ForgetsVersions extends MemoryLedger {
  override async saveJob(record: Job): Promise<Written<Job>> {
    const outcome = await super.saveJob(record);
    return outcome.written ? outcome : { written: true, record };
  }
}

class NeverShowsOverdueRunners extends MemoryLedger {
  override async due(now: Instant, limit: number): Promise<readonly DueItem[]> {
    return (await super.due(now, limit)).filter(({ kind }) => kind !== "runner");
  }
}

interface Planted {
  readonly bug: string;
  readonly ledger: (clock: Kernel) => Ledger;
  readonly breaks: PromiseName;
  /** The first seed to try, where an earlier one takes more than it shows. @default 1 */
  readonly from?: number;
  /** That it can be shown with. */
  readonly atMost: { readonly jobs: number; readonly faults: number };
}

const planted: readonly Planted[] = [
  {
    bug: "a ledger that lets two planners hold one lease",
    ledger: (clock) => new ForgetsTheLease({ clock }),
    breaks: "I3",
    from: 4,
    atMost: { jobs: 12, faults: 4 },
  },
  {
    bug: "a ledger that says a refused move was written",
    ledger: (clock) => new ForgetsVersions({ clock }),
    breaks: "I8",
    from: 20,
    atMost: { jobs: 20, faults: 8 },
  },
  {
    bug: "a ledger that never shows an overdue runner",
    ledger: (clock) => new NeverShowsOverdueRunners({ clock }),
    breaks: "I2",
    from: 12,
    atMost: { jobs: 4, faults: 3 },
  },
];

describe.each(planted)("$bug", ({ ledger, breaks, from = 1, atMost }) => {
  const run: typeof simulate = (scenario, options) => simulate(scenario, { ...options, store: ledger });
  const mostRuns = 140;
  let failing: Outcome;
  let small: Scenario;
  beforeAll(async () => {
    failing = await firstThat(breaks, { run, from });
    small = (await shrink(failing, { run, mostRuns })).outcome.scenario;
  });

  it("is found within forty seeds", () => {
    expect(failing.violation?.promise).toBe(breaks);
  });

  it("is shrunk to what it takes, and breaks the same promise there", async () => {
    expect(small.arrivals?.length ?? small.jobs).toBeLessThanOrEqual(atMost.jobs);
    expect((small.only ?? []).length).toBeLessThanOrEqual(atMost.faults);
    expect((await run(small)).violation?.promise).toBe(breaks);
  });

  it("is told: what broke, how to see it again, and what happened to whom", async () => {
    const text = await tell(small, { run });
    expect(text).toContain(`seed ${small.seed} breaks ${breaks}`);
    expect(text).toContain(`again: npm run simulate -- --seed ${small.seed} --jobs ${small.jobs}`);
    expect(text).toMatch(/what happened to .+:\n( |!) +0:\d\d:\d\d/);
    expect(text).toMatch(new RegExp(`JUDGE +${breaks} is broken`));
    expect(text.split("\n").length).toBeLessThan(140);
  });
});

async function firstThat(
  breaks: PromiseName,
  { run, from }: { readonly run: typeof simulate; readonly from: number },
): Promise<Outcome> {
  for (let seed = from; seed <= 40; seed += 1) {
    const outcome = await run({ seed, jobs: 20 });
    if (outcome.violation?.promise === breaks) return outcome;
  }
  throw new Error(`no seed breaks ${breaks}`);
}
