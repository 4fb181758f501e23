import type { Job } from "../../../runtime/core/model";
import type { GithubSourceSettings } from "../../../runtime/core/settings";
import { noon } from "../../fixtures/records";
import { job, jobsOf, openRuns, run, runsOf, serveJobs, serveRuns } from "./runs-and-jobs";
import { Bench, errorOf } from "./source-bench";
import { no, ok, scriptedGithub, type Reply } from "./scripted-github";

const github = scriptedGithub();
let bench: Bench;

beforeEach(() => {
  open();
});

function open(changes: Partial<GithubSourceSettings> = {}): void {
  bench = new Bench(github.url, changes);
}

const find = async (known: readonly Job[] = []) =>
  (await bench.source.findJobs(known)).map(({ kind, facts, delivery }) => `${kind} ${facts.id} ${delivery}`);

describe("a search that fails", () => {
  beforeEach(() => open({ scopes: ["acme/widgets", "acme/gadgets"] }));

  it.each<[string, Reply, string]>([
    ["an error of the server", no(502, "oops"), "source-unreachable"],
    ["a limit", no(429, "slow", { "retry-after": "60" }), "source-throttled"],
    ["a missing right everywhere", no(404, "Not Found"), "source-refused"],
  ])("with %s says so", async (_case, reply, code) => {
    for (const name of ["acme/widgets", "acme/gadgets"])
      for (const status of openRuns) github.on(runsOf(name, status), reply);
    expect((await errorOf(bench.source.findJobs([]))).code).toBe(code);
  });

  it("in one repository, for want of a right, goes on with the others and says so in the log", async () => {
    serveRuns(github, [], { of: "acme/gadgets" });
    github.on("GET /repos/acme/gadgets/actions/runs?status=queued&per_page=100", no(403, "Resource not accessible"));
    serveRuns(github, [run(31)]);
    serveJobs(github, [job(71)]);
    expect(await find()).toEqual(["queued 71 state/71/queued/1"]);
    expect(bench.lines.map(({ fields }) => fields["repository"])).toEqual(["acme/gadgets"]);
  });

  it("after it found something gives what it found", async () => {
    serveRuns(github, [run(31)]);
    serveJobs(github, [job(71)]);
    for (const status of openRuns) github.on(runsOf("acme/gadgets", status), "hang");
    expect(await find()).toEqual(["queued 71 state/71/queued/1"]);
  });

  it("midway through a repository gives what it found before", async () => {
    open();
    serveRuns(github, [run(31), run(32)]);
    serveJobs(github, [job(71)]);
    github.on(jobsOf("32"), "hang");
    expect(await find()).toEqual(["queued 71 state/71/queued/1"]);
  });

  it("midway goes on there the next time, so that no repository is left out for ever", async () => {
    const names = Array.from({ length: 40 }, (_, index) => `acme/r${String(index).padStart(2, "0")}`);
    open({ scopes: names });
    const reset = String(noon / 1_000 + 3_600);
    let left = 60;
    for (const name of names)
      for (const status of openRuns)
        github.on(runsOf(name, status), () => {
          left -= 1;
          // A limit of 300: a fifth of it, 60 calls, may go into searching.
          const shown = { "x-ratelimit-limit": "300", "x-ratelimit-remaining": "200", "x-ratelimit-reset": reset };
          return ok({ workflow_runs: [] }, shown);
        });
    expect((await errorOf(bench.source.findJobs([]))).code).toBe("source-throttled");
    expect(left).toBeLessThanOrEqual(0);
    const firstPass = github.asked.length;
    expect(firstPass).toBeLessThan(80);
    bench.now += 3_600_000;
    await bench.source.findJobs([]).catch(() => undefined);
    const searched = new Set(github.asked.map(({ path }) => path.split("/").slice(2, 4).join("/")));
    expect(searched.size).toBe(40);
  });
});
