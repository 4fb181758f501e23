import { seededRandom } from "../fakes/github";
import { GithubPlace } from "../fixtures/github-place";
import { until } from "../fixtures/onejob-process";

const count = 200;
const cap = 8;

describe("a matrix of 200 GitHub jobs, given out at random, one webhook in ten lost, doubled or late", () => {
  it("all run, nothing is left, the cap is kept, and what it cost at GitHub is told", async () => {
    const random = seededRandom(7);
    const github = await GithubPlace.open({
      ...{ fake: { random }, auth: "app", intake: "both", scopes: ["acme"], maxRunners: cap },
    });
    const { fake } = github;
    await github.serve();
    fake.deliveryFaults = { lost: 0.05, untried: 0.05, doubled: 0.1, late: 0.1, lateMs: 2_000, reordered: 0.05 };
    const jobs = Array.from({ length: count }, (_, index) => index).sort(() => random() - 0.5);
    fake.queueRun("acme/widgets", {
      jobs: jobs.map((index) => ({ name: `test (${index})`, labels: ["self-hosted", "linux"], script: "true" })),
    });

    let most = 0;
    await until(async () => {
      const live = (await github.place.json<{ items: unknown[] }>("/api/v1/runners")).items.length;
      most = Math.max(most, live);
      await new Promise((resolve) => setTimeout(resolve, 200));
      return fake.jobs.every(({ status }) => status === "completed");
    });
    expect(new Set(fake.jobs.map(({ conclusion }) => conclusion))).toEqual(new Set(["success"]));
    expect(most).toBeLessThanOrEqual(cap);
    expect(most).toBeGreaterThan(1);
    await until(async () => (await github.jobs()).filter(({ state }) => state === "completed").length === count);
    await github.whenEmpty();
    console.info(fake.calls.perJob(count));
    expect(fake.calls.count("POST /orgs/{org}/actions/runners/generate-jitconfig")).toBeLessThan(count * 1.2);
    await github.close();
  }, 300_000);
});
