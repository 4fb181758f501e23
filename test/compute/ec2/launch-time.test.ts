/** A launch has an end: whoever waits for it makes it again soon after, and the function it runs in is cut off. */
import { longestLaunchMs } from "../../../runtime/compute/ec2/launch";
import { launchDeadline } from "../../../runtime/flow/perform-launch";
import { type Ec2World, ec2World, machinesIn, names, told } from "./ec2-world";

let world: Ec2World;
beforeEach(async () => {
  world = await ec2World({ spot: "never" });
});
afterEach(() => world.close());

const hang = { kind: "hang" } as const;
const throttled = { kind: "error", code: "RequestLimitExceeded" } as const;

/** The call for machines takes so long, and makes them. */
const takes = (ms: number): void => {
  world.ec2.poolAnswer = () => {
    world.clock.at += ms;
    return undefined;
  };
};

it("is over before it is made again", () => {
  expect(longestLaunchMs + 2_000).toBeLessThan(launchDeadline(0, 0));
});

it("gives up a call that hangs when its time is over", async () => {
  takes(longestLaunchMs - 30);
  world.ec2.next("CreateTags", hang);
  await expect(world.launch(...names(2))).rejects.toThrow("AWS gave no answer");
  expect(world.ec2.callsOf("CreateTags")).toHaveLength(1);
});

it("makes no try that could not begin in time, and does not wait for it either", async () => {
  takes(longestLaunchMs - 1_000);
  world.ec2.next("CreateTags", throttled);
  await expect(world.launch(...names(2))).rejects.toThrow("RequestLimitExceeded");
  expect(world.pauses).toEqual([]);
});

it("begins no call when its time is over, and stays open", async () => {
  takes(longestLaunchMs);
  await expect(world.launch(...names(2))).rejects.toThrow("no time left");
  expect(world.ec2.callsOf("CreateTags")).toEqual([]);
});

it("has no time for a third try when the first two were slow, and says what AWS said", async () => {
  world.meanwhile = () => {
    world.clock.at += longestLaunchMs / 2;
  };
  world.ec2.next("CreateFleet", throttled, throttled);
  expect(told(await world.launch("runner10"))).toEqual(["throttled"]);
  expect(world.ec2.callsOf("CreateFleet")).toHaveLength(2);
});

it("has all its time anew when it is made again", async () => {
  takes(longestLaunchMs);
  await expect(world.launch(...names(2))).rejects.toThrow();
  expect(machinesIn(await world.launch(...names(2)))).toHaveLength(2);
  expect(world.ec2.instances.size).toBe(2);
});
