import { mostCallsOfOne, mostUntilEnrolment } from "./call-bounds";
import { useMoto } from "./fleet-world";
import { nothing } from "./harness/left";
import { labels, RunningFleet } from "./harness/running-fleet";

const url = useMoto();
let fleet: RunningFleet;
afterEach(() => fleet.stop());

describe("a job of GitHub on a fleet", () => {
  it("goes from a signed webhook to a terminated instance, and nothing of it is left", async () => {
    fleet = await RunningFleet.start(url());
    const job = fleet.github.queueJob("acme/widgets", { labels });
    await fleet.until(() => job.status === "completed", "the job ends");
    expect(job.conclusion).toBe("success");
    await fleet.untilEmpty();
    expect(await fleet.left()).toEqual(nothing);
    expect(fleet.proxy.machines.made.size).toBe(1);
    expect(fleet.machines.troubles).toEqual([]);
    const { calls } = fleet.proxy;
    const untilEnrolment = calls.all.findIndex(({ item }) => item === "ENROLMENT") + 1;
    console.info(calls.perJob(1), { untilEnrolment });
    expect(untilEnrolment).toBeLessThanOrEqual(mostUntilEnrolment);
    expect(calls.count()).toBeLessThanOrEqual(mostCallsOfOne);
  });
});
