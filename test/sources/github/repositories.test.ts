import { createHmac } from "node:crypto";
import type { JobSource } from "../../../runtime/core/ports";
import type { GithubSourceSettings } from "../../../runtime/core/settings";
import { Bench, byApp, errorOf } from "./source-bench";
import { no, ok, scriptedGithub } from "./scripted-github";

const installed = "GET /installation/repositories";

describe("the repositories that are searched for jobs", () => {
  const github = scriptedGithub();
  let bench: Bench;

  beforeEach(() => {
    const expires_at = new Date(github.now + 86_400_000).toISOString();
    for (const id of [9, 10])
      github.on(`POST /app/installations/${id}/access_tokens`, {
        status: 201,
        body: { token: `ghs_${id}`, expires_at },
      });
    github.on("GET /orgs/acme/installation", ok({ id: 9 })).on("GET /orgs/umbrella/installation", ok({ id: 10 }));
  });

  function open(changes: Partial<GithubSourceSettings>): void {
    bench = new Bench(github.url, { scopes: ["acme"], ...changes });
  }
  /** Whatever is found: the calls are what counts. Every repository is empty. */
  async function searched(known: Parameters<JobSource["findJobs"]>[0] = []): Promise<readonly string[]> {
    github.asked.length = 0;
    await bench.source.findJobs(known).catch(() => undefined);
    const names = github.calls.flatMap(
      (call) => /^GET \/repos\/([^/]+\/[^/]+)\/actions\/runs\?status=queued/.exec(call)?.[1] ?? [],
    );
    return names.sort();
  }
  const list = (...names: readonly string[]) => ok({ repositories: names.map((full_name) => ({ full_name })) });
  const jobIn = (repository: string) => bench.job({ origin: { repository, run: "31", fork: null }, scope: "acme" });
  const hear = (full_name: string) => {
    const body = Buffer.from(
      JSON.stringify({ action: "queued", workflow_job: { id: 1, run_id: 1, labels: [] }, repository: { full_name } }),
    );
    const signature = `sha256=${createHmac("sha256", "a webhook's secret").update(body).digest("hex")}`;
    const headers = {
      "content-type": "application/json",
      "x-github-event": "workflow_job",
      "x-hub-signature-256": signature,
    };
    return bench.source.receive({ id: "d", headers, body, receivedAt: bench.now });
  };

  it("are those of the organisation where the app is installed, on every page, and none that cannot run anything", async () => {
    open({ auth: byApp });
    github.on(installed, ok({ repositories: [{ full_name: "acme/a" }] }, { link: '<http://x/?page=2>; rel="next"' }));
    const rest = [
      { full_name: "acme/b" },
      { full_name: "acme/archived", archived: true },
      { full_name: "acme/disabled", disabled: true },
      { full_name: "acme-other/c" },
    ];
    github.on(`${installed}?page=2`, ok({ repositories: rest }));
    expect(await searched()).toEqual(["acme/a", "acme/b"]);
  });

  it("are listed again after ten minutes", async () => {
    open({ auth: byApp });
    github.on(installed, list("acme/a"));
    await searched();
    expect(await searched()).toEqual(["acme/a"]);
    expect(github.count(installed)).toBe(0);
    github.on(installed, list("acme/a", "acme/new"));
    bench.now += 601_000;
    expect(await searched()).toEqual(["acme/a", "acme/new"]);
  });

  it("are each organisation's own, asked with its own token", async () => {
    open({ auth: byApp, scopes: ["acme", "umbrella"] });
    github.on(installed, ({ headers }) =>
      headers.authorization === "Bearer ghs_9" ? list("acme/a") : list("umbrella/b"),
    );
    expect(await searched()).toEqual(["acme/a", "umbrella/b"]);
  });

  it("are each searched once, though a scope names one of an organisation's", async () => {
    open({ auth: byApp, scopes: ["acme", "Acme/A"] });
    github.on("GET /repos/Acme/A/installation", ok({ id: 9 })).on(installed, list("acme/a"));
    expect(await searched([jobIn("ACME/a")])).toHaveLength(1);
  });

  it.each([403, 404])("are those of open jobs where the list is refused (%i), which is logged", async (status) => {
    open({ auth: byApp });
    github.on(installed, no(status, "no"));
    expect(await searched([jobIn("acme/a")])).toEqual(["acme/a"]);
    expect(bench.lines.some(({ level, fields }) => level === "warn" && fields["scope"] === "acme")).toBe(true);
  });

  it("of one organisation are searched though another cannot be asked", async () => {
    open({ auth: byApp, scopes: ["umbrella", "acme"] });
    github.on("GET /orgs/umbrella/installation", no(404, "Not Found")).on(installed, list("acme/a"));
    expect(await searched()).toEqual(["acme/a"]);
  });

  it("or it is said that none can be found out", async () => {
    open({ auth: byApp });
    github.on("GET /orgs/acme/installation", no(404, "Not Found"));
    expect((await errorOf(bench.source.findJobs([]))).code).toBe("source-unreachable");
  });

  it("are, with a token, those of open jobs and those heard of in the last day", async () => {
    open({});
    expect(await searched()).toEqual([]);
    await hear("acme/heard");
    await hear("somebody/else");
    expect(await searched([jobIn("acme/a")])).toEqual(["acme/a", "acme/heard"]);
    bench.now += 25 * 3_600_000;
    expect(await searched()).toEqual([]);
    expect(github.count(installed)).toBe(0);
  });
});
