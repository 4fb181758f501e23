import { makeRunnerFolder, type Job } from "../fakes/github";
import { temporaryFolder } from "../fixtures/temporary-folder";
import { jobPath } from "./driven-fleet";
import { useMoto } from "./fleet-world";
import { nothing } from "./harness/left";
import { realAgent } from "./harness/real-agent";
import { labels, RunningFleet } from "./harness/running-fleet";
import type { RunningOptions } from "./harness/running-options";

const url = useMoto();

describe("on a fleet", () => {
  let fleet: RunningFleet;
  const open = async (options: RunningOptions = {}) => {
    fleet = await RunningFleet.start(url(), options);
    return fleet.github;
  };
  afterEach(() => fleet.stop());

  async function endsEmpty(): Promise<void> {
    await fleet.inTime(() => !fleet.hasMachines && fleet.github.runners.length === 0);
    await fleet.untilEmpty();
    expect(await fleet.left()).toEqual(nothing);
  }
  const ended = (...jobs: readonly Job[]) => fleet.inTime(() => jobs.every(({ status }) => status === "completed"));
  const act = (job: { readonly id: number }, verb: string) =>
    fleet.api({ path: jobPath(`gh/${new URL(fleet.github.url).host}/${job.id}`, `/${verb}`) });

  it.each([
    { what: "doubled", faults: { doubled: 1 } },
    { what: "late and in another order", faults: { late: 0.4, lateMs: 300, reordered: 0.6 } },
    { what: "lost, of which GitHub knows", faults: { lost: 0.5 } },
    { what: "never sent", faults: { untried: 0.5 } },
  ])("jobs whose webhooks are $what all run, and nothing is left", async ({ faults }) => {
    const github = await open();
    github.deliveryFaults = faults;
    const run = github.queueRun("acme/widgets", { jobs: Array.from({ length: 6 }, () => ({ labels })) });
    await ended(...run.jobs);
    expect(new Set(run.jobs.map(({ conclusion }) => conclusion))).toEqual(new Set(["success"]));
    await endsEmpty();
  });

  it("a job that is cancelled before anybody takes it ends so, and its machine leaves", async () => {
    const github = await open();
    github.pauseAssignment();
    const job = github.queueJob("acme/widgets", { labels });
    await fleet.until(() => github.runners.some(({ online }) => online));
    github.cancelRun(job.run);
    await fleet.inTime(async () => (await fleet.jobs())[0]?.state === "cancelled");
    await endsEmpty();
  });

  it("a job that waits for an approval gets a machine when it is approved, and none before", async () => {
    const github = await open();
    const job = github.queueJob("acme/widgets", { labels, environment: "production" });
    await fleet.until(async () => (await fleet.jobs())[0]?.state === "waiting");
    await fleet.pass(60_000);
    expect(fleet.proxy.machines.made.size).toBe(0);
    github.approve(job);
    await ended(job);
    await endsEmpty();
    expect(fleet.proxy.machines.made.size).toBe(1);
  });

  it("a job is run again, as a new one", async () => {
    const github = await open();
    const job = github.queueJob("acme/widgets", { labels, script: "exit 1" });
    await fleet.inTime(async () => (await fleet.jobs())[0]?.state === "failed");
    expect((await act(job, "rerun")).statusCode).toBeLessThan(300);
    await fleet.inTime(async () => (await fleet.jobs()).filter(({ state }) => state === "failed").length === 2);
    await endsEmpty();
  });

  it("a job that another's runner took costs no job its machine", async () => {
    const github = await open();
    github.pauseAssignment();
    const jobs = Array.from({ length: 4 }, (_, n) => github.queueJob("acme/widgets", { name: `job ${n}`, labels }));
    await fleet.until(() => github.runners.filter(({ online }) => online).length === jobs.length);
    github.resumeAssignment();
    await ended(...jobs);
    await endsEmpty();
    expect(fleet.proxy.machines.made.size).toBe(jobs.length);
  });

  it("a job whose runners GitHub passes over says so", async () => {
    const github = await open({ profile: { timeouts: { idle: "1m" } } });
    github.pauseAssignment();
    const job = github.queueJob("acme/widgets", { labels });
    await fleet.inTime(async () => (await fleet.why(job)) === "runner-not-eligible");
    github.resumeAssignment();
    await ended(job);
    await endsEmpty();
  });

  it("a job that is cancelled while it runs is cancelled at GitHub", async () => {
    const github = await open();
    const job = github.queueJob("acme/widgets", { labels, script: "sleep 600" });
    await fleet.inTime(async () => (await fleet.jobs())[0]?.state === "running");
    expect((await act(job, "cancel")).statusCode).toBeLessThan(300);
    await fleet.inTime(async () => (await fleet.jobs())[0]?.state === "cancelled");
    expect(job.conclusion).toBe("cancelled");
    await endsEmpty();
  });

  it("a runner program that is too old says so, and what to do", async () => {
    const github = await open({ github: { minimumRunnerVersion: "99.0.0" } });
    const job = github.queueJob("acme/widgets", { labels });
    await fleet.inTime(async () => (await fleet.why(job)) === "misconfigured");
  });

  it("a listener that does not start says so", async () => {
    const folder = await temporaryFolder();
    try {
      await makeRunnerFolder(folder.path);
      const github = await open({ agent: realAgent(), source: { runner: { path: `${folder.path}/nowhere` } } });
      const job = github.queueJob("acme/widgets", { labels });
      await fleet.inTime(async () => ["boot-failing", "misconfigured"].includes((await fleet.why(job)) ?? ""));
    } finally {
      await folder.remove();
    }
  });
});
