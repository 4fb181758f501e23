import { Bench, errorOf } from "./source-bench";
import { no, ok, scriptedGithub } from "./scripted-github";

const actions = "/repos/acme/widgets/actions";
const run = `GET ${actions}/runs/31`;
const jobs = `GET ${actions}/runs/31/jobs`;
const job = (id: number) => `GET ${actions}/jobs/${id}`;
const rerun = (id: number) => `POST ${actions}/jobs/${id}/rerun`;
const asked = { status: 201, body: {} };
const taken = { run_id: 31, status: "completed", conclusion: "failure", labels: ["linux"], runner_name: "onejob-r1" };
const first = { ...taken, id: 71, workflow_name: "CI", name: "test" };
/** Of the second attempt, which was made for another job. */
const copy = { ...first, id: 81, run_attempt: 2 };

const github = scriptedGithub();
let bench: Bench;

beforeEach(() => {
  bench = new Bench(github.url);
  github.on(run, ok({ id: 31, status: "completed" })).on(job(71), ok(first));
  lists(first);
});

const lists = (...latest: readonly object[]) => github.on(jobs, ok({ jobs: latest }));
const again = (unlessDone = false) => bench.source.rerun(bench.job({ name: "CI / test" }), { unlessDone });
const orders = () => github.calls.filter((call) => call.startsWith("POST"));

describe("to run a job again", () => {
  it("is asked for once its run has ended", async () => {
    github.on(rerun(71), asked);
    expect(await again()).toBe("asked");
    expect(github.calls).toEqual([run, `${jobs}?filter=latest&per_page=100`, rerun(71)]);
  });

  it.each(["queued", "in_progress", "waiting", "requested", "pending"])(
    "waits while its run is %s by calls that cost nothing",
    async (status) => {
      github.on(run, ({ headers }) => {
        const isKnown = headers["if-none-match"] === '"1"';
        return isKnown ? { status: 304 } : ok({ id: 31, status }, { etag: '"1"' });
      });
      for (let minute = 0; minute < 5; minute += 1) expect(await again(true)).toBe("later");
      expect(github.calls).toEqual([run, run, run, run, run]);
      expect(github.asked.slice(1).every(({ headers }) => headers["if-none-match"] === '"1"')).toBe(true);
    },
  );

  it("has to wait as well when the run is said to be over, and is running all the same", async () => {
    github.on(rerun(71), no(403, "The workflow run containing this job is already running"));
    expect(await again()).toBe("later");
  });

  it("has to wait when another job of the run was faster", async () => {
    github.on(run, (_asked, times) => ok({ id: 31, status: times === 1 ? "completed" : "queued" }));
    github.on(rerun(71), no(403, "This job is not of the latest attempt"));
    expect(await again()).toBe("later");
  });

  it("is asked for by the id that it has in the last attempt", async () => {
    lists({ ...copy, id: 82, name: "lint" }, copy);
    github.on(rerun(81), asked);
    expect(await again(true)).toBe("asked");
    expect(orders()).toEqual([rerun(81)]);
  });

  it.each([
    ["says which runner had it", copy],
    ["leaves that out", { ...copy, runner_name: "" }],
  ])("is asked for by the right one of two jobs of one name: the listing %s", async (_case, document) => {
    lists({ ...copy, id: 82, runner_name: "onejob-r2", conclusion: "success" }, document);
    github.on(rerun(81), asked);
    expect(await again()).toBe("asked");
  });

  it("is asked for by its name though its earlier attempt is forgotten there", async () => {
    github.on(job(71), no(404, "Not Found")).on(rerun(81), asked);
    lists(copy);
    expect(await again()).toBe("asked");
  });

  it.each([
    ["it is asked for when it succeeded", first, [rerun(71)]],
    ["that holds for the copy of one that succeeded", copy, [rerun(81)]],
  ])("by a person's wish: %s", async (_case, document, made) => {
    const ended = { ...document, conclusion: "success" };
    github.on(job(71), ok({ ...first, conclusion: "success" }));
    github.on(rerun(ended.id), asked);
    lists(ended);
    expect(await again(true)).toBe("asked");
    expect(orders()).toEqual([]);
    expect(await again()).toBe("asked");
    expect(orders()).toEqual(made);
  });

  it.each(["success", "failure", "cancelled"])(
    "is done already when somebody has run it again, which ended as a %s",
    async (conclusion) => {
      lists({ ...copy, conclusion, runner_name: "onejob-r2" });
      expect(await again(true)).toBe("asked");
      expect(await errorOf(again())).toMatchObject({ code: "source-refused" });
      expect(orders()).toEqual([]);
    },
  );

  it.each([
    [403, "Unable to re-run this job because it was created over a month ago", "month ago"],
    [403, "Resource not accessible by integration", "read and write"],
    [403, "Must have admin rights to Repository.", "read and write"],
    [404, "Not Found", "is gone there"],
    [422, "This job is not of the latest attempt", "latest attempt"],
  ])("is refused with %i %j, and the error says why", async (status, words, part) => {
    github.on(rerun(71), no(status, words));
    const error = await errorOf(again());
    expect([error.code, error.message.includes(part)]).toEqual(["source-refused", true]);
  });

  it.each([
    ["its run", run],
    ["the list of its run's jobs", jobs],
  ])("is refused when %s is gone", async (_case, call) => {
    github.on(call, no(404, "Not Found"));
    expect(await errorOf(again(true))).toMatchObject({
      code: "source-refused",
      message: expect.stringContaining("gone") as string,
    });
  });

  it("is refused when its run has no such job any more", async () => {
    lists({ ...copy, name: "lint" });
    expect(await errorOf(again(true))).toMatchObject({ code: "source-refused" });
  });

  it.each([run, jobs, job(71), rerun(81)])("is not taken for refused when %s fails", async (call) => {
    lists(copy);
    github.on(rerun(81), asked).on(call, no(502, "oops"));
    expect((await errorOf(again(true))).code).toBe("source-unreachable");
  });
});
