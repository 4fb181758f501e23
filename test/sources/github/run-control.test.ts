import type { JobFacts } from "../../../runtime/core/events";
import { noon, someFacts } from "../../fixtures/records";
import { Bench, errorOf } from "./source-bench";
import { no, ok, scriptedGithub } from "./scripted-github";

const cancel = "POST /repos/acme/widgets/actions/runs/31/cancel";
const state = "GET /repos/acme/widgets/actions/jobs/71";
const run = "GET /repos/acme/widgets/actions/runs/31";

const github = scriptedGithub();
let bench: Bench;

beforeEach(() => {
  bench = new Bench(github.url);
});

describe("to cancel a job", () => {
  it.each([
    ["is to cancel its run", { status: 202, body: {} }],
    ["is no error when it is over", no(409, "Cannot cancel a workflow run that is completed.")],
    ["is no error when it is gone", no(404, "Not Found")],
  ])("%s", async (_case, reply) => {
    github.on(cancel, reply);
    expect(await bench.source.cancel(bench.job())).toBe("asked");
    expect(github.calls).toEqual([cancel]);
  });

  it.each([
    [403, "source-refused", "Actions"],
    [502, "source-unreachable", "502"],
  ])("may fail: %i is %s", async (status, code, word) => {
    github.on(cancel, no(status, "Resource not accessible by integration"));
    const error = await errorOf(bench.source.cancel(bench.job()));
    expect([error.code, error.message.includes(word)]).toEqual([code, true]);
  });
});

describe("how a job stands", () => {
  const document = {
    id: 71,
    run_id: 31,
    run_attempt: 2,
    name: "test",
    labels: ["linux"],
    created_at: "2026-11-21T11:00:00Z",
  };
  const stands = (changes: object) => {
    github.on(state, ok({ ...document, ...changes }));
    return bench.source.jobState(bench.job());
  };

  it.each([
    ["queued", {}, "queued"],
    ["waiting", {}, "waiting"],
    ["pending", {}, "waiting"],
    ["requested", {}, "waiting"],
    ["in_progress", { runner_name: "onejob-r1" }, "started"],
    ["completed", { conclusion: "success", runner_name: "onejob-r1" }, "finished"],
    ["completed", { conclusion: "cancelled" }, "cancelled"],
  ])("%s %j is %s", async (status, rest, kind) => {
    expect(await stands({ status, ...rest })).toMatchObject({
      kind,
      delivery: expect.stringMatching(/^state\/71\/\w+\/2$/),
    });
  });

  it("is the same event when asked twice, so that it counts as a doubled delivery", async () => {
    expect(await stands({ status: "queued" })).toEqual(await bench.source.jobState(bench.job()));
  });

  it("is a fact of the job as we know it: key, scope and group stay", async () => {
    const reach = { source: "gh", host: "x", scope: "acme", group: "ci", labels: ["linux"] };
    github.on("GET /repos/acme/renamed/actions/jobs/71", ok({ ...document, status: "queued" }));
    const origin = { repository: "acme/renamed", run: "31", fork: true };
    const event = await bench.source.jobState(bench.job({ scope: "acme", reach, origin }));
    expect(event?.facts).toMatchObject({ key: bench.job().key, scope: "acme", group: "ci", origin });
  });

  it("is told in our time, though GitHub's clock is an hour ahead", async () => {
    github.now = noon + 3_600_000;
    const event = await stands({ status: "in_progress", started_at: "2026-11-21T12:55:00Z", runner_name: "onejob-r1" });
    expect(event?.at).toBe(noon - 300_000);
  });

  it("is unknown when GitHub does not know it, or says what nobody understands", async () => {
    expect(await bench.source.jobState(bench.job())).toBeUndefined();
    expect(await stands({ status: "dreaming" })).toBeUndefined();
    expect(await bench.source.jobState(bench.job({ origin: null }))).toBeUndefined();
  });

  it("is not asked of another server than the one that told of it", async () => {
    expect(await bench.source.jobState(bench.job({ host: "former.example" }))).toBeUndefined();
    expect(github.calls).toEqual([]);
  });

  it("is not taken for unknown when GitHub cannot be asked", async () => {
    github.on(state, no(502, "oops"));
    expect((await errorOf(bench.source.jobState(bench.job()))).code).toBe("source-unreachable");
    github.on(state, ok({ id: "x" }));
    expect((await errorOf(bench.source.jobState(bench.job()))).code).toBe("source-unreachable");
  });
});

describe("whether a job's code comes from a fork", () => {
  const repository = { full_name: "acme/widgets", fork: false };
  const factsOf = (fork: boolean | null = null, runId = "31"): JobFacts =>
    someFacts({ scope: "acme/widgets", origin: { repository: "acme/widgets", run: runId, fork } });

  it.each([
    ["another repository", { repository, head_repository: { full_name: "mallory/widgets", fork: true } }, true],
    [
      "another one that is no fork",
      { repository, head_repository: { full_name: "mallory/widgets", fork: false } },
      true,
    ],
    ["a fork that was deleted", { repository, head_repository: null }, true],
    ["the same repository", { repository, head_repository: { full_name: "acme/widgets", fork: false } }, false],
    ["the same repository in other letters", { repository, head_repository: { full_name: "Acme/Widgets" } }, false],
    [
      "a repository that is itself a fork",
      { repository: { ...repository, fork: true }, head_repository: { ...repository, fork: true } },
      false,
    ],
    [
      "a pull request from a fork that runs the base's workflow",
      { event: "pull_request_target", repository, head_repository: { full_name: "mallory/widgets", fork: true } },
      true,
    ],
    ["nothing it names", { repository }, null],
    ["a repository without a name", { repository, head_repository: {} }, null],
    ["nothing, after a push", { event: "push", repository }, false],
    ["nothing, for a pull request", { event: "pull_request", repository }, null],
  ])("is decided by the run's head: %s", async (_case, rest, fork) => {
    github.on(run, ok({ id: 31, ...rest }));
    expect(await bench.source.isFork(factsOf())).toBe(fork);
  });

  it("is asked once for all jobs of a run", async () => {
    github.on(run, ok({ id: 31, repository, head_repository: repository }));
    for (let job = 0; job < 5; job += 1) await bench.source.isFork(factsOf());
    expect(github.calls).toEqual([run]);
  });

  it("is asked again while it is not known", async () => {
    expect(await bench.source.isFork(factsOf())).toBeNull();
    github.on(run, ok({ id: 31, repository, head_repository: null }));
    expect(await bench.source.isFork(factsOf())).toBe(true);
  });

  it("is not asked where it is known already", async () => {
    expect([await bench.source.isFork(factsOf(true)), await bench.source.isFork(factsOf(false))]).toEqual([
      true,
      false,
    ]);
    expect(await bench.source.isFork(someFacts())).toBeNull();
    expect(github.calls).toEqual([]);
  });

  it("is not taken for known when GitHub cannot be asked", async () => {
    github.on(run, "drop");
    expect((await errorOf(bench.source.isFork(factsOf()))).code).toBe("source-unreachable");
  });
});
