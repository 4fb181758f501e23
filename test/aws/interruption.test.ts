/** AWS takes a spot machine back while it runs a job: with the agent's own program, and a listener that is a process. */
import { makeRunnerFolder } from "../fakes/github";
import { temporaryFolder } from "../fixtures/temporary-folder";
import { useMoto } from "./fleet-world";
import { nothing } from "./harness/left";
import { realAgent } from "./harness/real-agent";
import { labels, RunningFleet } from "./harness/running-fleet";
import { jobPath } from "./driven-fleet";

const url = useMoto();
let fleet: RunningFleet;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder();
  await makeRunnerFolder(folder.path);
  fleet = await RunningFleet.start(url(), {
    ...{ agent: realAgent(), source: { runner: { path: folder.path } } },
    // How long GitHub waits for a runner that is gone without a word: more than ten minutes, in truth.
    github: { offlineAfterMs: 4_000, lostRunnerMs: 1_000 },
  });
});
afterEach(async () => {
  await fleet.stop();
  await folder.remove();
});

const marketsAsked = () => [...fleet.proxy.machines.made.values()].map(({ market }) => market);

describe("the agent's own program on a fleet", () => {
  it("runs a job in a listener of its own, and nothing of it is left", async () => {
    const job = fleet.github.queueJob("acme/widgets", { labels, script: "exit 0" });
    await fleet.until(() => job.status === "completed");
    expect(job.conclusion).toBe("success");
    await fleet.untilEmpty();
    expect(await fleet.left()).toEqual(nothing);
    expect(marketsAsked()).toEqual(["spot"]);
  });

  it.each(["the agent sees it", "EventBridge tells of it", "both do"])(
    "a job whose machine is taken back says so, and runs again on-demand once its run has ended: %s",
    async (who) => {
      const job = fleet.github.queueJob("acme/widgets", { labels, script: "sleep 600" });
      await fleet.until(() => job.status === "in_progress");
      const [machine = ""] = fleet.proxy.machines.made.keys();
      await fleet.untilQuiet();
      if (who !== "the agent sees it")
        await fleet.event("EC2 Spot Instance Interruption Warning", machine, { "instance-action": "terminate" });
      if (who !== "EventBridge tells of it") {
        fleet.machines.warn(machine);
      } else {
        // Who was not asked to go is ended a while later.
        await fleet.pass(60_000);
        await fleet.end(machine);
      }
      await fleet.inTime(() => job.status === "completed");
      await fleet.inTime(() => fleet.github.jobs.length === 2);
      const again = fleet.github.jobs.find(({ id }) => id !== job.id);
      expect(again).toMatchObject({ attempt: 2 });
      await fleet.until(() => again?.status === "in_progress");
      expect(marketsAsked()).toEqual(["spot", "on-demand"]);
      const key = `gh/${new URL(fleet.github.url).host}/${job.id}`;
      const timeline = await fleet.api({ method: "GET", path: jobPath(key, "/timeline") });
      expect(timeline.body).toContain("interrupted");
      fleet.github.cancelRun(job.run);
      await fleet.inTime(async () => JSON.stringify(await fleet.left()) === JSON.stringify(nothing));
    },
  );
});
