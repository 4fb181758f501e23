import type { Job } from "../../../runtime/core/model";
import { noon } from "../../fixtures/records";
import { job, jobsOf, openRuns, run, runsOf, serveJobs, serveRuns } from "./runs-and-jobs";
import { Bench } from "./source-bench";
import { no, ok, scriptedGithub, type Asked, type Reply } from "./scripted-github";

const github = scriptedGithub();
let bench: Bench;

beforeEach(() => {
  bench = new Bench(github.url);
});

const itself = "GET /repos/acme/widgets/actions/jobs/71";
const find = async (known: readonly Job[] = []) =>
  (await bench.source.findJobs(known)).map(({ kind, facts, delivery }) => `${kind} ${facts.id} ${delivery}`);

describe("jobs nobody told us of", () => {
  it("are found in open runs, with all we need of them, the fork too", async () => {
    serveRuns(github, [run(31, { full_name: "mallory/widgets" })]);
    serveJobs(github, [job(71)]);
    const [event] = await bench.source.findJobs([]);
    expect(event).toMatchObject({
      kind: "queued",
      at: noon,
      delivery: "state/71/queued/1",
      facts: {
        id: "71",
        scope: "acme/widgets",
        labels: ["linux"],
        origin: { repository: "acme/widgets", run: "31", fork: true },
      },
    });
  });

  it.each(openRuns)("are looked for in runs that are %s", async (status) => {
    serveRuns(github, [run(31)], { status });
    serveJobs(github, [job(71)]);
    expect(await find()).toEqual(["queued 71 state/71/queued/1"]);
  });

  it("are found once though their run is listed twice while it moves on", async () => {
    serveRuns(github, [run(31)]);
    github.on(runsOf("acme/widgets", "in_progress"), ok({ workflow_runs: [run(31)] }));
    serveJobs(github, [job(71)]);
    expect(await find()).toHaveLength(1);
    expect(github.count(jobsOf("31"))).toBe(1);
  });

  it("are those that wait, and those a runner of ours took; the rest runs elsewhere", async () => {
    serveRuns(github, [run(31)]);
    serveJobs(github, [
      job(71, { status: "waiting" }),
      job(72, { status: "in_progress", runner_name: "GitHub Actions 5" }),
      job(73, { status: "in_progress", runner_name: "onejob-r1" }),
      job(74, { status: "completed", conclusion: "success" }),
      job(75, { status: "pending" }),
      job(76, { status: "requested" }),
    ]);
    expect(await find()).toEqual([
      "waiting 71 state/71/waiting/1",
      "started 73 state/73/in_progress/1",
      "waiting 75 state/75/waiting/1",
      "waiting 76 state/76/waiting/1",
    ]);
  });

  it("are found on every page of runs and of jobs", async () => {
    serveRuns(github, [run(31)]);
    const first = ok({ workflow_runs: [run(31)] }, { link: '<http://x/?page=2>; rel="next"' });
    github.on(runsOf("acme/widgets", "queued"), first);
    github.on("GET /repos/acme/widgets/actions/runs?page=2", ok({ workflow_runs: [run(32)] }));
    github.on(jobsOf("31"), ok({ jobs: [job(71)] }, { link: '<http://x/?page=2>; rel="next"' }));
    github.on(`${jobsOf("31")}?page=2`, ok({ jobs: [job(72)] }));
    serveJobs(github, [job(73, { run_id: 32 })], "32");
    expect((await find()).map((line) => line.split(" ")[1]).sort()).toEqual(["71", "72", "73"]);
  });

  it("keep ids beyond 2^53 to the digit", async () => {
    const text = (value: object) => JSON.stringify(value).replaceAll(/"(\d{16,})"/g, "$1");
    serveRuns(github, []);
    github.on(runsOf("acme/widgets", "queued"), {
      status: 200,
      text: text({ workflow_runs: [{ ...run(1), id: "9007199254740993" }] }),
    });
    github.on(jobsOf("9007199254740993"), {
      status: 200,
      text: text({ jobs: [job(1, { id: "9007199254740995", run_id: "9007199254740993" })] }),
    });
    expect(await find()).toEqual(["queued 9007199254740995 state/9007199254740995/queued/1"]);
  });

  it("do not hide behind one that cannot be read", async () => {
    serveRuns(github, [run(31)]);
    serveJobs(github, [job(71, { labels: "linux" }), null, job(72)]);
    expect(await find()).toEqual(["queued 72 state/72/queued/1"]);
  });

  it("are the same deliveries when found twice", async () => {
    serveRuns(github, [run(31)]);
    serveJobs(github, [job(71)]);
    expect(await find()).toEqual(await find());
  });
});

describe("moves we missed", () => {
  it.each<[Job["state"], object, string | null]>([
    ["queued", {}, null],
    ["starting", {}, null],
    ["running", {}, null],
    ["waiting", {}, "queued"],
    ["queued", { status: "waiting" }, "waiting"],
    ["queued", { status: "pending" }, "waiting"],
    ["starting", { status: "requested" }, "waiting"],
    ["waiting", { status: "waiting" }, null],
    ["waiting", { status: "pending" }, null],
    ["running", { status: "waiting" }, null],
    ["queued", { status: "in_progress", runner_name: "onejob-r1" }, "started"],
    ["queued", { status: "in_progress", runner_name: "somebody else's" }, "started"],
    ["running", { status: "in_progress", runner_name: "onejob-r1" }, null],
    ["running", { status: "completed", conclusion: "success", runner_name: "onejob-r1" }, "finished"],
    ["queued", { status: "completed", conclusion: "cancelled" }, "cancelled"],
  ])("of a job that is %s here, and there %j, are %s", async (state, changes, kind) => {
    serveRuns(github, [run(31)]);
    serveJobs(github, [job(71, changes)]);
    expect((await bench.source.findJobs([bench.job({ state })])).map((event) => event.kind)).toEqual(
      kind === null ? [] : [kind],
    );
  });

  it("are found in runs that are over, by one question for all their jobs", async () => {
    serveRuns(github, []);
    serveJobs(github, [
      job(71, { status: "completed", conclusion: "success" }),
      job(72, { status: "completed", conclusion: "cancelled" }),
    ]);
    expect(await find([bench.job({ id: "71" }), bench.job({ id: "72" })])).toEqual([
      "finished 71 state/71/completed/1",
      "cancelled 72 state/72/completed/1",
    ]);
    expect([github.count(jobsOf("31")), github.count(itself)]).toEqual([1, 0]);
  });

  it("of a job that its run does not list any more are asked of the job itself", async () => {
    serveRuns(github, [run(31)]);
    serveJobs(github, [job(90, { run_attempt: 2, status: "completed" })]);
    github.on(itself, ok(job(71, { status: "completed", conclusion: "failure" })));
    expect(await find([bench.job()])).toEqual(["finished 71 state/71/completed/1"]);
  });

  it("are none of a job whose answer is no news", async () => {
    serveRuns(github, []);
    github.on(itself, ok(job(71)));
    expect(await find([bench.job()])).toEqual([]);
  });

  it("are found of jobs whose scope is configured no more", async () => {
    serveRuns(github, []);
    const origin = { repository: "former/thing", run: "5", fork: null };
    github.on(
      jobsOf("5", "former/thing"),
      ok({ jobs: [job(71, { run_id: 5, status: "completed", conclusion: "success" })] }),
    );
    expect(await find([bench.job({ scope: "former", origin })])).toEqual(["finished 71 state/71/completed/1"]);
  });

  it("are not looked for where another server told of the job", async () => {
    serveRuns(github, []);
    expect(await find([bench.job({ host: "former.example" })])).toEqual([]);
    expect(github.count(jobsOf("31"))).toBe(0);
  });

  it("are found in a renamed repository, whose old address still leads there", async () => {
    const moved = (path: string): Reply => ({ status: 301, headers: { location: `/api/v3/repositories/5${path}` } });
    for (const status of openRuns) github.on(runsOf("acme/widgets", status), moved(`/actions/runs?status=${status}`));
    github.on("GET /repositories/5/actions/runs", ok({ workflow_runs: [] }));
    github.on("GET /repositories/5/actions/runs?status=queued", ok({ workflow_runs: [run(31)] }));
    github.on(jobsOf("31"), moved("/actions/runs/31/jobs"));
    github.on("GET /repositories/5/actions/runs/31/jobs", ok({ jobs: [job(71)] }));
    expect(await find()).toEqual(["queued 71 state/71/queued/1"]);
  });
});

describe("a job that was deleted there, with its run", () => {
  const old = noon - 600_000;

  it.each(["queued", "waiting", "starting"] as const)("and is %s here, is over", async (state) => {
    serveRuns(github, []);
    const known = bench.job({ state, queuedAt: old });
    const [event, ...more] = await bench.source.findJobs([known]);
    const { key, id, name, labels, origin } = known;
    expect(event).toMatchObject({ kind: "cancelled", runnerName: null, facts: { key, id, name, labels, origin } });
    expect([event?.delivery, more]).toEqual(["state/71/gone/1", []]);
    expect(Object.keys(event?.facts ?? {})).not.toContain("timeline");
  });

  it.each<[string, Partial<Job>, () => unknown]>([
    ["it may be too new to be found", { queuedAt: old + 1 }, () => serveRuns(github, [])],
    ["its own machine says how it ends", { queuedAt: old, state: "running" }, () => serveRuns(github, [])],
    ["its repository is not to be seen", { queuedAt: old }, () => undefined],
    [
      "its run is there",
      { queuedAt: old },
      () => {
        serveRuns(github, [run(31)]);
        serveJobs(github, []);
      },
    ],
    [
      "nobody can say",
      { queuedAt: old },
      () => {
        serveRuns(github, []);
        github.on(itself, no(502, "oops"));
      },
    ],
  ])("is not told from one of which %s", async (_case, changes, arrange) => {
    arrange();
    const found = await bench.source.findJobs([bench.job(changes)]).catch(() => []);
    expect(found).toEqual([]);
  });
});

describe("a poll in which nothing changed", () => {
  const tagged = (body: unknown) => (asked: Asked) =>
    asked.headers["if-none-match"] === '"a"' ? { status: 304 } : ok(body, { etag: '"a"' });

  it("asks only whether something did, and finds what it found before", async () => {
    for (const status of openRuns)
      github.on(runsOf("acme/widgets", status), tagged({ workflow_runs: status === "queued" ? [run(31)] : [] }));
    github.on(jobsOf("31"), tagged({ jobs: [job(71)] }));
    const first = await find();
    github.asked.length = 0;
    expect(await find()).toEqual(first);
    expect(github.asked.map(({ headers }) => headers["if-none-match"])).toEqual(['"a"', '"a"', '"a"', '"a"']);
  });
});
