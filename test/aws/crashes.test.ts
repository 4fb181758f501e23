/** The function that does the work dies at its writes, the first of each kind in a job's life: right before, and right after. */
import { useMoto } from "./fleet-world";
import { nothing } from "./harness/left";
import { labels, RunningFleet } from "./harness/running-fleet";
import type { AwsCall } from "./proxy/calls";
import type { Death } from "./proxy/door";

const url = useMoto();
let fleet: RunningFleet;
afterEach(() => fleet.stop());

const reads = /^(Get|Query|Describe|List)/;
/** What only reads changes nothing: to die there is to die before what follows. */
const writes = ({ action }: AwsCall): boolean => !reads.test(action);
const kindOf = ({ service, action, item }: AwsCall): string => [service, action, item].filter(Boolean).join(":");

/** One job whose work dies at the n-th call of a kind. Answers the calls that were made by the work. */
async function liveThrough(death?: Death): Promise<readonly AwsCall[]> {
  if (fleet.functions.work.isDead) await fleet.functions.coldStart();
  const { door } = fleet.functions.work;
  const before = door.passed.length;
  if (death !== undefined) door.dieAt(death);
  const machines = fleet.proxy.machines.made.size;
  const job = fleet.github.queueJob("acme/widgets", { labels });
  await fleet.inTime(() => job.status === "completed" && !fleet.hasMachines);
  await fleet.inTime(async () => JSON.stringify(await fleet.left()) === JSON.stringify(nothing));
  const facts = { conclusion: job.conclusion, machines: fleet.proxy.machines.made.size - machines };
  expect(facts).toEqual({ conclusion: "success", machines: 1 });
  return door.passed.slice(before);
}

describe("a job whose work dies", () => {
  it.each([
    // To die before any other is to die after the one that came before it.
    { when: "before", of: /^ec2:|:RUNNER$/ } as const,
    { when: "after", of: /./ } as const,
  ])(
    "right $when a write ($of) runs once, on one machine, and nothing is left",
    async ({ when, of }) => {
      fleet = await RunningFleet.start(url());
      // The first one makes what all others find.
      await liveThrough();
      const kinds = (await liveThrough()).filter(writes).map(kindOf);
      const expected = ["ec2:CreateFleet", "ec2:TerminateInstances", "dynamodb:PutItem:PLANNER"];
      expect(kinds).toEqual(expect.arrayContaining(expected));
      for (const kind of new Set(kinds.filter((one) => of.test(one)))) {
        const calls = await liveThrough({ when, at: 1, among: (call) => kindOf(call) === kind });
        // The last one that it got to make.
        expect(
          calls
            .filter(writes)
            .map(kindOf)
            .filter((one) => one === kind),
        ).toHaveLength(1);
      }
    },
    120_000,
  );
});
