/** The function that does the work dies at each of its calls of AWS in turn: right before it, and right after what it wrote. */
import { useMoto } from "./fleet-world";
import { nothing } from "./harness/left";
import { labels, RunningFleet } from "./harness/running-fleet";
import type { AwsCall } from "./proxy/calls";
import type { Death } from "./proxy/door";

const url = useMoto();
let fleet: RunningFleet;
afterEach(() => fleet.stop());

/** One job whose work dies. Answers at which call; `undefined`: there were fewer. */
async function liveThrough(death: Death): Promise<string | undefined> {
  let died: string | undefined;
  if (fleet.functions.work.isDead) await fleet.functions.coldStart();
  const { door } = fleet.functions.work;
  door.dieAt(death);
  void door.died.then(({ service, action }) => (died = `${service}:${action}`));
  const machines = fleet.proxy.machines.made.size;
  const job = fleet.github.queueJob("acme/widgets", { labels });
  const isOver = (): boolean => job.status === "completed" && !fleet.hasMachines;
  await fleet.inTime(isOver);
  // Whoever died may have left word of a launch that is looked after when its time is over.
  await fleet.inTime(async () => (await fleet.left()).launches.length === 0);
  await fleet.untilEmpty();
  door.dieAt({ ...death, at: Number.POSITIVE_INFINITY });
  const facts = { conclusion: job.conclusion, machines: fleet.proxy.machines.made.size - machines };
  const { at } = death;
  expect({ at, died, ...facts, left: await fleet.left() }).toEqual({
    ...{ at, died, conclusion: "success", machines: 1, left: nothing },
  });
  return died;
}

const reads = /^(Get|Query|Describe|List)/;
/** What only reads changes nothing: to die after it is to die before what follows. */
const writes = ({ action }: AwsCall): boolean => !reads.test(action);

describe("a job whose work dies", () => {
  it.each([
    { what: "right before each of its calls of AWS", death: { when: "before" } as const, least: 20 },
    { what: "right after each that changes something", death: { when: "after", among: writes } as const, least: 10 },
  ])(
    "$what runs once, on one machine, and nothing is left",
    async ({ death, least }) => {
      fleet = await RunningFleet.start(url());
      const died: string[] = [];
      for (let at = 1; ; at += 1) {
        const call = await liveThrough({ ...death, at });
        if (call === undefined) break;
        died.push(call);
      }
      expect(died).toEqual(expect.arrayContaining(["ec2:CreateFleet", "dynamodb:PutItem", "ec2:TerminateInstances"]));
      expect(died.length).toBeGreaterThanOrEqual(least);
    },
    400_000,
  );
});
