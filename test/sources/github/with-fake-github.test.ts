/** The whole source against the fake GitHub, which was written from GitHub's published description by somebody else. */
import type { ListenerOrders } from "../../../runtime/core/agent-protocol";
import type { JobEvent } from "../../../runtime/core/events";
import { checkGithubSource } from "../../../runtime/sources/github";
import type { FakeGitHubOptions } from "../../fakes/github";
import { labels, listen, Meeting } from "./meeting";
import { errorOf } from "./source-bench";

const kinds = (events: readonly JobEvent[]) => events.map(({ kind }) => kind);

let meeting: Meeting;
const meet = async (options: FakeGitHubOptions = {}) => {
  meeting = await new Meeting(options).start();
  return meeting;
};
afterEach(() => meeting.stop());

describe("a job, from GitHub and back", () => {
  it("is told by webhooks, run by the runner enrolled for it, at the cost of one call", async () => {
    const { fake } = (await meet()).byToken();
    const job = fake.queueJob("acme/widgets", { labels });
    const enrolment = await meeting.enrol();
    const listener = await listen(enrolment);
    expect(await listener.take()).toBe(job.id);
    await listener.finish(job.id);
    const events = await meeting.heard();
    expect(kinds(events)).toEqual(["queued", "started", "finished"]);
    expect(events[1]?.runnerName).toBe("onejob-a");
    expect(events[2]?.succeeded).toBe(true);
    expect(fake.calls.all.filter(({ path }) => path !== "/meta").map(({ template }) => template)).toEqual([
      "/repos/{owner}/{repo}/actions/runners/generate-jitconfig",
    ]);
    expect(await meeting.source.withdraw(meeting.runner(), enrolment.handle)).toBe("withdrawn");
  });

  it("is found by polling as webhooks tell it, and a quiet poll is answered 304", async () => {
    const { fake } = (await meet()).byToken();
    const job = fake.queueJob("acme/widgets", { labels, fork: "mallory/widgets" });
    const [queued] = await meeting.source.findJobs([]);
    const [told] = await meeting.heard();
    if (queued === undefined || told === undefined) throw new Error("not found");
    const origin = { ...told.facts.origin, fork: true };
    expect(queued.facts).toEqual({ ...told.facts, origin, createdAt: expect.any(Number) as number });
    expect(await meeting.source.isFork(told.facts)).toBe(true);

    fake.calls.clear();
    expect(await meeting.source.findJobs([meeting.known(queued, "queued")])).toEqual([]);
    expect(new Set(fake.calls.all.map(({ status }) => status))).toEqual(new Set([304]));

    const listener = await listen(await meeting.enrol());
    await listener.take();
    const started = await meeting.source.findJobs([meeting.known(queued, "starting")]);
    expect(started.map(({ kind, runnerName }) => [kind, runnerName])).toEqual([["started", "onejob-a"]]);
    await listener.finish(job.id, "failure");
    const [finished] = await meeting.source.findJobs([meeting.known(queued, "running")]);
    expect([finished?.kind, finished?.succeeded]).toEqual(["finished", false]);
    expect(await meeting.source.jobState(meeting.known(queued, "running"))).toMatchObject({ kind: "finished" });
  });

  it("waits for an approval, and is queued again after it", async () => {
    const { fake } = (await meet()).byToken();
    const job = fake.queueJob("acme/widgets", { labels, environment: "production" });
    const [waiting] = await meeting.source.findJobs([]);
    expect(waiting?.kind).toBe("waiting");
    fake.approve(job);
    if (waiting !== undefined)
      expect(kinds(await meeting.source.findJobs([meeting.known(waiting, "waiting")]))).toEqual(["queued"]);
    expect(kinds(await meeting.heard())).toEqual(["waiting", "waiting", "queued"]);
  });

  it("is cancelled with its run, and run again as a new job", async () => {
    const { fake } = (await meet()).byToken();
    fake.queueJob("acme/widgets", { labels });
    const [queued] = await meeting.heard();
    if (queued === undefined) throw new Error("not told");
    const known = meeting.known(queued, "queued");
    const rerun = () => meeting.source.rerun(known, { unlessDone: false });
    expect(await rerun()).toBe("later");
    expect(await meeting.source.cancel(known)).toBe("asked");
    expect(await meeting.source.jobState(known)).toMatchObject({ kind: "cancelled" });
    expect(await meeting.source.cancel(known)).toBe("asked");
    expect(await rerun()).toBe("asked");
    const events = await meeting.heard();
    expect(new Set(events.map(({ facts }) => facts.id)).size).toBe(2);
    // The rest of its run goes on: the job that was just asked for.
    expect(await rerun()).toBe("later");
  });

  it("comes to an organisation's runner in its group, found in all repositories of the app", async () => {
    const { fake } = await meet();
    fake.addRunnerGroup("acme", "ci");
    fake.addRepository("acme/gadgets");
    meeting.byApp({ scopes: ["acme"], runnerGroup: "ci" });
    const job = fake.queueJob("acme/gadgets", { labels });
    const [found] = await meeting.source.findJobs([]);
    expect(found?.facts).toMatchObject({ scope: "acme", group: "ci", origin: { repository: "acme/gadgets" } });
    const listener = await listen(await meeting.enrol("a", meeting.reach("acme", "ci")));
    expect(await listener.take()).toBe(job.id);
    await listener.finish(job.id);
  });
});

describe("what goes wrong at GitHub", () => {
  it("an answer that is lost on its way leaves no second runner", async () => {
    const { fake } = (await meet()).byToken();
    fake.inject({ on: "POST /repos/{owner}/{repo}/actions/runners/generate-jitconfig", afterwards: true });
    expect((await errorOf(meeting.enrol())).code).toBe("source-unreachable");
    expect(fake.runners).toHaveLength(1);
    const { handle } = await meeting.enrol();
    expect(fake.runners.map(({ id }) => String(id))).toEqual([handle]);
  });

  it("a runner that has a job is not withdrawn, nor a ghost", async () => {
    const { fake } = (await meet()).byToken();
    const job = fake.queueJob("acme/widgets", { labels });
    const { handle, ...rest } = await meeting.enrol();
    const listener = await listen({ handle, ...rest });
    await listener.take();
    expect(await meeting.source.withdraw(meeting.runner(), handle)).toBe("busy");
    expect(await meeting.source.withdraw(meeting.runner(), null)).toBe("busy");
    expect(await meeting.source.removeGhosts(() => Promise.resolve(true))).toBe(0);
    await listener.finish(job.id);
  });

  it("runners whose machine is gone are removed, others stay", async () => {
    const { fake } = (await meet()).byToken();
    await meeting.enrol("dead");
    await meeting.enrol("coming");
    expect(await meeting.source.removeGhosts((id) => Promise.resolve(id === "dead"))).toBe(1);
    expect(fake.runners.map(({ name }) => name)).toEqual(["onejob-coming"]);
  });

  it("lost deliveries come again under their own ids, and only those", async () => {
    const { fake } = await meet();
    meeting.byApp();
    fake.decideDelivery = ({ event }) => (event === "workflow_job" ? "lost" : undefined);
    const job = fake.queueJob("acme/widgets", { labels });
    await fake.settled();
    expect(await meeting.heard()).toEqual([]);
    fake.decideDelivery = () => undefined;
    expect(await meeting.source.redeliverLost()).toBe(0);
    fake.clockOffsetMs = 60_000;
    expect(await meeting.source.redeliverLost()).toBe(1);
    const [event] = await meeting.heard();
    expect(event?.facts.id).toBe(String(job.id));
    expect(fake.deliveries.filter(({ redelivery }) => redelivery).map(({ guid }) => guid)).toEqual([event?.delivery]);
    expect(await meeting.source.redeliverLost()).toBe(0);
  });

  it.each<NonNullable<FakeGitHubOptions["installationTokens"]>>(["opaque", "stateless"])(
    "tokens of the app (%s) that end too early are made anew",
    async (installationTokens) => {
      const { fake } = await meet({ installationTokens });
      meeting.byApp();
      await meeting.enrol("a");
      fake.expireTokens();
      await Promise.all(["b", "c", "d"].map((id) => meeting.enrol(id)));
      expect(fake.runners).toHaveLength(4);
      expect(fake.calls.count("POST /app/installations/{installation_id}/access_tokens")).toBe(2);
    },
  );

  it.each([3_600_000, -3_600_000])("a clock that is wrong by %i ms hinders nothing", async (offset) => {
    const { fake } = await meet();
    meeting.byApp();
    fake.clockOffsetMs = offset;
    await meeting.enrol("a");
    await meeting.enrol("b");
    expect(fake.calls.count("POST /app/installations/{installation_id}/access_tokens")).toBeLessThanOrEqual(2);
    fake.queueJob("acme/widgets", { labels: ["nobody"] });
    const [event] = await meeting.heard();
    expect(Math.abs((event?.at ?? 0) - Date.now())).toBeLessThan(600_001);
  });

  it("an app that is removed, or suspended, is source-unreachable until it is back", async () => {
    const { fake } = await meet();
    const { app, installation } = meeting.byApp();
    await meeting.enrol("a");
    fake.suspendInstallation(installation);
    const error = await errorOf(meeting.enrol("b"));
    expect([error.code, error.message.includes("suspended")]).toEqual(["source-unreachable", true]);
    fake.unsuspendInstallation(installation);
    await meeting.enrol("b");
    fake.uninstallApp(installation);
    expect((await errorOf(meeting.enrol("c"))).code).toBe("source-unreachable");
    fake.installApp(app, "acme");
    await meeting.enrol("c");
  });

  it("a server without JIT gives a token to register with", async () => {
    await meet({ installedVersion: "3.9.1" });
    meeting.byToken();
    const { payload, handle } = await meeting.enrol();
    expect([(JSON.parse(payload) as ListenerOrders).credential.kind, handle]).toEqual(["registration", null]);
  });

  it("limits are kept before GitHub has to say so: no answer is a refusal", async () => {
    const { fake } = (await meet()).byToken();
    const outcomes = await Promise.allSettled(Array.from({ length: 200 }, (_, index) => meeting.enrol(String(index))));
    const refused = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : []));
    expect(new Set(refused.map((error) => (error as { code: string }).code))).toEqual(new Set(["source-throttled"]));
    expect(fake.calls.all.filter(({ status }) => status >= 400 && status !== 404)).toEqual([]);
    expect(fake.runners.length).toBeGreaterThan(170);
  });

  it("a spent limit is told with the time it is over, and then asked for nothing", async () => {
    const { fake } = await meet({ primaryLimit: 3 });
    meeting.byToken();
    const ids = ["a", "b", "c", "d", "e"];
    for (const id of ids) await meeting.enrol(id).catch(() => undefined);
    const error = await errorOf(meeting.enrol("f"));
    expect(error.code).toBe("source-throttled");
    expect((error.details as { retryAt: number }).retryAt).toBeGreaterThan(Date.now());
    expect(fake.calls.all.length).toBeLessThanOrEqual(4);
  });
});

describe("the check, asked of the fake", () => {
  it.each(["token", "app"])("is content with all that is needed, by %s", async (auth) => {
    await meet();
    if (auth === "app") meeting.byApp({ scopes: ["acme"] });
    else meeting.byToken();
    const findings = await checkGithubSource({ ...meeting.bench.options, timeoutMs: 10_000 });
    expect(findings.filter(({ ok }) => !ok)).toEqual([]);
  });

  it("says what a token lacks", async () => {
    const { fake } = (await meet()).byToken();
    meeting.bench.secrets.set("GH_TOKEN", fake.addToken({ kind: "fine-grained", permissions: { actions: "read" } }));
    const findings = await checkGithubSource({ ...meeting.bench.options, timeoutMs: 10_000 });
    expect(findings.filter(({ ok }) => !ok).map(({ id }) => id)).toEqual(["github-runners-acme/widgets"]);
  });
});
