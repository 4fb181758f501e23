import { GithubPlace, type GithubPlaceOptions } from "../fixtures/github-place";
import { until } from "../fixtures/onejob-process";

const labels = ["self-hosted", "linux"];
const app: GithubPlaceOptions = { auth: "app", intake: "both", scopes: ["acme"] };
const register = "POST /orgs/{org}/actions/runners/generate-jitconfig";
let github: GithubPlace;

async function open(options: GithubPlaceOptions = {}) {
  github = await GithubPlace.open(options);
  await github.serve();
  return github.fake;
}

afterEach(() => github.close());

async function reasonOf(id: number): Promise<string | null> {
  const ran = await github.place.run(["why", String(id), "--output", "json"]);
  return ran.code === 0 ? (JSON.parse(ran.stdout) as { reason: string | null }).reason : null;
}

/** It runs after all, and leaves nothing. */
async function endsWell(id: number): Promise<void> {
  await until(() => github.fake.job(id).status === "completed");
  expect(github.fake.job(id).conclusion).toBe("success");
  await until(async () => (await github.jobs()).every(({ state }) => state === "completed"));
  await github.whenEmpty();
}

describe("a job, while GitHub", () => {
  it("is uninstalled from, says that the source cannot be reached, and runs once it is installed again", async () => {
    const fake = await open({ ...app, maxRunners: 1 });
    const first = fake.queueJob("acme/widgets", { labels, script: "sleep 2" });
    await until(() => first.status === "in_progress");
    // Known before, and waiting for room: afterwards nothing would tell of it.
    const job = fake.queueJob("acme/widgets", { labels });
    await until(async () => (await github.jobs()).length === 2);
    github.uninstall();
    await until(async () => (await reasonOf(job.id)) === "source-unreachable");
    github.install();
    await endsWell(job.id);
  });

  it("has let all tokens expire, runs as if nothing was", async () => {
    const fake = await open(app);
    await endsWell(fake.queueJob("acme/widgets", { labels }).id);
    fake.expireTokens();
    await endsWell(fake.queueJob("acme/widgets", { labels }).id);
  });

  it.each([3_600_000, -3_600_000])("has a clock that differs by %i ms, runs", async (ms) => {
    const fake = await open(app);
    fake.clockOffsetMs = ms;
    await endsWell(fake.queueJob("acme/widgets", { labels }).id);
  });

  it("answers every registration with 502, says so, and runs once it does not", async () => {
    const fake = await open(app);
    fake.inject({ on: register, status: 502, times: 1_000 });
    const job = fake.queueJob("acme/widgets", { labels });
    await until(async () => (await reasonOf(job.id)) === "source-unreachable");
    fake.clearFaults();
    await endsWell(job.id);
  });

  it("loses the answer to a registration that it carried out, gets one runner and no more", async () => {
    const fake = await open(app);
    fake.inject({ on: register, times: 1, afterwards: true });
    await endsWell(fake.queueJob("acme/widgets", { labels }).id);
    expect(fake.runners).toEqual([]);
  });

  it("asks to slow down, says that, and runs when it is allowed", async () => {
    const fake = await open({ ...app, fake: { secondaryLimit: 60, secondaryWindowMs: 8_000 } });
    const jobs = Array.from({ length: 16 }, (_, index) => ({ name: `test (${index})`, labels }));
    const run = fake.queueRun("acme/widgets", { jobs });
    await until(() => run.jobs.every(({ status }) => status === "completed"));
    await until(async () => (await github.jobs()).every(({ state }) => state === "completed"));
    await github.whenEmpty();
  });
});
