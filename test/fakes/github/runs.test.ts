import { BareListener, FakeGitHub } from ".";
import { ask, jitConfig } from "./rest-client";

let fake: FakeGitHub;
let token: string;
const actions = "/repos/acme/widgets/actions";

beforeEach(async () => {
  fake = await new FakeGitHub({ firstJobId: 7_000_000_001 }).start();
  fake.addRepository("acme/widgets");
  token = fake.addToken({ kind: "classic", scopes: ["repo"] });
});
afterEach(() => fake.stop());

const get = (path: string) => ask(fake, `GET ${actions}${path}`, { token });
const post = (path: string) => ask(fake, `POST ${actions}${path}`, { token });
const matrix = (size: number) => Array.from({ length: size }, (_, index) => ({ name: `test (${index})` }));

async function takeOne(name = "one") {
  const listener = await BareListener.connect(await jitConfig(fake, { token, name }));
  return { listener, id: await listener.take() };
}

describe("runs", () => {
  it("are listed newest first, by their status", async () => {
    const done = fake.queueRun("acme/widgets", { jobs: [{ hosted: true }] });
    const queued = fake.queueRun("acme/widgets", { jobs: matrix(2) });
    const waiting = fake.queueRun("acme/widgets", { jobs: [{ environment: "production" }] });
    const ids = async (query: string) => {
      const { body } = await get(`/runs${query}`);
      return (body.workflow_runs as { id: number }[]).map(({ id }) => id);
    };
    expect(await ids("")).toEqual([waiting.id, queued.id, done.id]);
    expect(await ids("?status=queued")).toEqual([queued.id]);
    expect(await ids("?status=waiting")).toEqual([waiting.id]);
    expect(await ids("?status=completed")).toEqual([done.id]);
    expect(await ids("?status=success")).toEqual([done.id]);
    await takeOne();
    expect(await ids("?status=in_progress")).toEqual([queued.id]);
    expect(await ids("?status=queued")).toEqual([]);
  });

  it("show whether they come from a fork", async () => {
    const own = fake.queueRun("acme/widgets", { jobs: matrix(1) });
    const foreign = fake.queueRun("acme/widgets", { jobs: matrix(1), fork: "mallory/widgets" });
    const facts = async (id: number) => {
      const { body } = await get(`/runs/${id}`);
      const { full_name, fork } = body.head_repository as { full_name: string; fork: boolean };
      return { event: body.event, full_name, fork };
    };
    expect(await facts(own.id)).toEqual({ event: "push", full_name: "acme/widgets", fork: false });
    expect(await facts(foreign.id)).toEqual({ event: "pull_request", full_name: "mallory/widgets", fork: true });
  });

  it("of another repository are not found here", async () => {
    fake.addRepository("acme/gadgets");
    const run = fake.queueRun("acme/gadgets", { jobs: matrix(1) });
    expect(await get(`/runs/${run.id}`)).toMatchObject({ status: 404 });
    expect(await get(`/jobs/${run.jobs[0]?.id}`)).toMatchObject({ status: 404 });
    expect(await get("/runs/1")).toMatchObject({ status: 404 });
  });
});

describe("jobs", () => {
  it("have ids that begin where the test says, and come in pages", async () => {
    const run = fake.queueRun("acme/widgets", { jobs: matrix(3) });
    const { body, headers } = await get(`/runs/${run.id}/jobs?per_page=2&filter=latest`);
    expect(body).toMatchObject({ total_count: 3, jobs: [{ id: 7_000_000_001 }, { id: 7_000_000_002 }] });
    expect(headers.get("link")).toContain('rel="next"');
    expect(await get("/jobs/7000000003")).toMatchObject({
      body: {
        name: "test (2)",
        status: "queued",
        conclusion: null,
        runner_id: null,
        runner_name: null,
        labels: ["self-hosted"],
      },
    });
  });

  it("name the runner that took them, and its group", async () => {
    fake.queueJob("acme/widgets");
    const { listener, id } = await takeOne("builder");
    expect(await get(`/jobs/${id}`)).toMatchObject({
      body: { status: "in_progress", runner_name: "builder", runner_group_id: 1, runner_group_name: "Default" },
    });
    await listener.finish(id, "failure");
    expect(await get(`/jobs/${id}`)).toMatchObject({
      body: { status: "completed", conclusion: "failure", runner_name: "builder" },
    });
  });
});

describe("a cancelled run", () => {
  it("ends its queued jobs at once and tells the runner of a running one", async () => {
    const run = fake.queueRun("acme/widgets", { jobs: matrix(2) });
    const { listener, id } = await takeOne();
    expect(await post(`/runs/${run.id}/cancel`)).toMatchObject({ status: 202, body: {} });
    const other = run.jobs.find((job) => job.id !== id);
    expect(await get(`/jobs/${other?.id}`)).toMatchObject({
      body: { status: "completed", conclusion: "cancelled", runner_id: 0, runner_name: "" },
    });
    expect(await get(`/jobs/${id}`)).toMatchObject({ body: { status: "in_progress" } });
    expect(await listener.poll()).toMatchObject({ body: { type: "cancel", job: id } });
    await listener.finish(id, "cancelled");
    expect(await get(`/runs/${run.id}`)).toMatchObject({ body: { status: "completed", conclusion: "cancelled" } });
    expect(await post(`/runs/${run.id}/cancel`)).toMatchObject({
      status: 409,
      body: { message: "Cannot cancel a workflow run that is completed." },
    });
  });

  it("frees the runner that had not fetched its job", async () => {
    const run = fake.queueRun("acme/widgets", { jobs: matrix(1) });
    const listener = await BareListener.connect(await jitConfig(fake, { token, name: "one" }));
    await post(`/runs/${run.id}/cancel`);
    const [job] = run.jobs;
    expect(await listener.acquire(job?.id ?? 0)).toMatchObject({ status: 409 });
    const next = fake.queueJob("acme/widgets");
    expect(await listener.take()).toBe(next.id);
  });
});

describe("a job that is run again", () => {
  it("has to wait for the end of its whole run, and is a new job then", async () => {
    const run = fake.queueRun("acme/widgets", { jobs: matrix(2) });
    const first = await takeOne("one");
    await first.listener.finish(first.id, "failure");
    expect(await post(`/jobs/${first.id}/rerun`)).toMatchObject({
      status: 403,
      body: { message: "The workflow run containing this job is already running" },
    });
    const second = await takeOne("two");
    await second.listener.finish(second.id);
    expect(await post(`/jobs/${first.id}/rerun`)).toMatchObject({ status: 201, body: {} });
    expect(await get(`/runs/${run.id}`)).toMatchObject({ body: { status: "in_progress", run_attempt: 2 } });
    const latest = await get(`/runs/${run.id}/jobs?filter=latest`);
    expect(latest.body).toMatchObject({ total_count: 2 });
    const jobs = latest.body.jobs as { id: number; run_attempt: number; status: string; runner_name: string }[];
    const again = jobs.find(({ status }) => status === "queued");
    expect(jobs.map(({ run_attempt }) => run_attempt)).toEqual([2, 2]);
    expect([first.id, second.id]).not.toContain(again?.id);
    expect((await get(`/runs/${run.id}/jobs?filter=all`)).body).toMatchObject({ total_count: 4 });
    const third = await takeOne("three");
    expect(third.id).toBe(again?.id);
    await third.listener.finish(third.id);
    expect(await get(`/runs/${run.id}`)).toMatchObject({ body: { status: "completed", conclusion: "success" } });
  });

  it("takes the other jobs of its run along, as they ended, and only those can be run again then", async () => {
    const run = fake.queueRun("acme/widgets", { jobs: matrix(2) });
    const [one, two] = [await takeOne("one"), await takeOne("two")];
    await one.listener.finish(one.id, "failure");
    await two.listener.finish(two.id, "failure");
    await post(`/jobs/${one.id}/rerun`);
    const three = await takeOne("three");
    await three.listener.finish(three.id);
    for (const { id } of [one, two])
      expect(await post(`/jobs/${id}/rerun`)).toMatchObject({
        status: 403,
        body: { message: "This job is not of the last attempt of its workflow run" },
      });
    const { body } = await get(`/runs/${run.id}/jobs?filter=latest`);
    const carried = (body.jobs as { id: number; runner_name: string }[]).find(({ id }) => id !== three.id);
    expect(carried).toMatchObject({ status: "completed", conclusion: "failure", runner_name: "two", run_attempt: 2 });
    expect(carried?.id).not.toBe(two.id);
    expect(await post(`/jobs/${carried?.id}/rerun`)).toMatchObject({ status: 201 });
    expect(await get(`/runs/${run.id}`)).toMatchObject({ body: { status: "in_progress", run_attempt: 3 } });
  });
});
