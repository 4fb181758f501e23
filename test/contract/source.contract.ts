/** What every `JobSource` promises, wherever its jobs come from. */
import { isForkContract, jobStateContract } from "./source-jobs.contract";
import { receiveContract, redeliverLostContract } from "./source-deliveries.contract";
import { findJobsContract } from "./source-news.contract";
import { cancelContract, rerunContract } from "./source-orders.contract";
import { enrolContract, removeGhostsContract, withdrawContract } from "./source-runners.contract";
import { troubleContract } from "./source-trouble.contract";
import { ourJob, ourRunner, type Bench, type SourceWorld } from "./source-world";

const parts = {
  "asked about what never was": nothingContract,
  enrol: enrolContract,
  withdraw: withdrawContract,
  removeGhosts: removeGhostsContract,
  jobState: jobStateContract,
  isFork: isForkContract,
  findJobs: findJobsContract,
  cancel: cancelContract,
  rerun: rerunContract,
  receive: receiveContract,
  redeliverLost: redeliverLostContract,
  "a far side in trouble": troubleContract,
} satisfies Readonly<Record<string, (bench: Bench) => void>>;

export type SourceTests = keyof typeof parts;

export interface SourceContractOptions {
  /** Where an adapter differs on purpose. */
  readonly skip?: readonly { readonly reason: string; readonly tests: readonly SourceTests[] }[];
}

export function sourceContract(
  name: string,
  makeWorld: () => Promise<SourceWorld>,
  { skip = [] }: SourceContractOptions = {},
): void {
  const skipped = new Set<string>(skip.flatMap(({ tests }) => tests));
  describe(`${name} keeps the JobSource contract`, () => {
    let world: SourceWorld;
    beforeEach(async () => {
      world = await makeWorld();
    });
    afterEach(() => world.close());
    for (const [part, tests] of Object.entries(parts)) if (!skipped.has(part)) describe(part, () => tests(() => world));
  });
}

function nothingContract(bench: Bench): void {
  it("names itself as its jobs do", () => {
    const { source, reach, neverWas } = bench();
    const { source: named, host, id, key } = neverWas();
    expect([named, reach.source, key]).toEqual([source.name, source.name, `${source.name}/${host}/${id}`]);
  });

  it("knows no state of such a job, and stops it without an error, however often", async () => {
    const { source, neverWas } = bench();
    const job = ourJob(neverWas());
    expect(await source.jobState(job)).toBeUndefined();
    const first = await source.cancel(job);
    expect(await source.cancel(job)).toBe(first);
  });

  it("finds no jobs where there are none, and no news of those it does not know", async () => {
    const { source, neverWas } = bench();
    expect(await source.findJobs([])).toEqual([]);
    expect(await source.findJobs([ourJob(neverWas()), ourJob(neverWas(), "running")])).toEqual([]);
  });

  it("takes it as done to withdraw a runner that was never enrolled, however often", async () => {
    const world = bench();
    for (const handle of [null, null])
      expect(await world.source.withdraw(ourRunner("a", world), handle)).toBe("withdrawn");
  });

  it("has nothing to clear away and nothing to send again", async () => {
    const { source } = bench();
    expect([await source.removeGhosts(() => Promise.resolve(true)), await source.redeliverLost()]).toEqual([0, 0]);
  });
}
