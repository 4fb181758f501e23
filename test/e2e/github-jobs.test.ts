import { writeFileSync } from "node:fs";
import { GithubPlace, type GithubPlaceOptions } from "../fixtures/github-place";
import { until } from "../fixtures/onejob-process";

const labels = ["self-hosted", "linux"];
let github: GithubPlace;

async function open(options: GithubPlaceOptions = {}) {
  github = await GithubPlace.open(options);
  return { github, server: await github.serve() };
}

afterEach(() => github.close());

interface Why {
  readonly reason: string | null;
  readonly what: string;
}

async function why(id: number): Promise<Why> {
  const ran = await github.place.run(["why", String(id), "--output", "json"]);
  return ran.code === 0 ? (JSON.parse(ran.stdout) as Why) : { reason: null, what: ran.stderr };
}

describe("a GitHub job on one machine", () => {
  it.each<[string, GithubPlaceOptions]>([
    ["found by polling, with one token and no inbound port", { auth: "token", intake: "poll" }],
    ["told by a repository's webhook, with a token", { auth: "token", intake: "webhook" }],
    ["of an organisation, with an app and its webhooks", { auth: "app", intake: "both", scopes: ["acme"] }],
    ["of a server that knows no just-in-time runners", { fake: { installedVersion: "3.9.4" } }],
  ])("%s: runs in a folder of its own, and nothing of it is left", async (_, options) => {
    const { fake } = (await open(options)).github;
    const secret = github.place.openTo("seen");
    const job = fake.queueJob("acme/widgets", {
      labels,
      script: `env > ${secret}; pwd >> ${secret}; touch left-behind`,
    });
    await until(() => job.status === "completed");
    expect(job.conclusion).toBe("success");
    await until(async () => (await github.jobs())[0]?.state === "completed");
    await github.whenEmpty();
    const shown = await github.place.run([
      "show",
      `${fake.url}/acme/widgets/actions/runs/1/job/${job.id}`,
      "--output",
      "json",
    ]);
    expect(JSON.parse(shown.stdout)).toMatchObject({
      key: `gh/${new URL(fake.url).host}/${job.id}`,
      state: "completed",
    });
  });

  it("that fails there is failed here", async () => {
    const { fake } = (await open()).github;
    const job = fake.queueJob("acme/widgets", { labels, script: "exit 3" });
    await until(async () => (await github.jobs())[0]?.state === "failed");
    expect(job.conclusion).toBe("failure");
    await github.whenEmpty();
  });

  it("from a fork never runs on a process, and says why", async () => {
    const { fake } = (await open()).github;
    const run = fake.queueRun("acme/widgets", { fork: "mallory/widgets", jobs: [{ labels }] });
    const [job] = run.jobs;
    await until(async () => (await github.jobs()).length === 1);
    const id = job?.id ?? 0;
    await until(async () => (await why(id)).reason === "untrusted-on-process");
    expect((await why(id)).what).toContain("fork");
    expect(fake.runners).toEqual([]);
    fake.cancelRun(run);
    await until(async () => (await github.jobs())[0]?.state === "cancelled");
  });

  it("handed to another's runner though it is from a fork fails before its first step", async () => {
    const { fake } = (await open()).github;
    const mark = github.place.openTo("mark");
    fake.pauseAssignment();
    const ours = fake.queueJob("acme/widgets", { labels });
    await until(() => fake.runners.some(({ online }) => online));
    fake.cancelRun(ours.run);
    const [theirs] = fake.queueRun("acme/widgets", {
      fork: "mallory/widgets",
      jobs: [{ labels, script: `echo ran > ${mark}` }],
    }).jobs;
    fake.resumeAssignment();
    await until(() => theirs?.status === "completed");
    expect(theirs?.conclusion).toBe("failure");
    expect((await github.place.run(["list"])).code).toBe(0);
    await github.whenEmpty();
  });

  it("whose runner program is too old says so, and what to do", async () => {
    const { fake } = (await open({ fake: { minimumRunnerVersion: "99.0.0" } })).github;
    const job = fake.queueJob("acme/widgets", { labels });
    await until(async () => (await why(job.id)).reason === "misconfigured");
    expect((await why(job.id)).what).toContain("exit 7");
  });

  it("cancelled with the command line is cancelled at GitHub", async () => {
    const { fake } = (await open()).github;
    const job = fake.queueJob("acme/widgets", { labels, script: "sleep 600" });
    await until(async () => (await github.jobs())[0]?.state === "running");
    expect((await github.place.run(["cancel", String(job.id)])).code).toBe(0);
    await until(async () => (await github.jobs())[0]?.state === "cancelled");
    expect(job.conclusion).toBe("cancelled");
    await github.whenEmpty();
  });

  it("run again with the command line comes back as a new job", async () => {
    const { fake } = (await open()).github;
    const job = fake.queueJob("acme/widgets", { labels, script: "exit 1" });
    await until(async () => (await github.jobs())[0]?.state === "failed");
    expect((await github.place.run(["rerun", String(job.id)])).code).toBe(0);
    await until(async () => (await github.jobs()).length === 2);
    await until(async () => (await github.jobs()).every(({ state }) => state === "failed"));
    await github.whenEmpty();
  });
});

describe("a server that is stopped", () => {
  it("gives its listening runners back to GitHub first", async () => {
    const { server } = await open();
    const { fake } = github;
    fake.pauseAssignment();
    fake.queueJob("acme/widgets", { labels });
    await until(() => fake.runners.some(({ online }) => online));
    expect(await server.kill("SIGTERM")).toBe(0);
    expect(fake.runners).toEqual([]);
    expect(github.place.leftRunners()).toEqual([]);
  });

  it("leaves a running job alone, and the next one sees it end", async () => {
    const { server } = await open();
    const { fake } = github;
    const signal = github.place.openTo("signal");
    const script = `until [ -s ${signal} ]; do sleep 0.1; done`;
    const job = fake.queueJob("acme/widgets", { labels, script });
    await until(async () => (await github.jobs())[0]?.state === "running");
    expect(await server.kill("SIGKILL")).toBeNull();
    await github.serve();
    writeFileSync(signal, "go on");
    await until(() => job.status === "completed");
    expect(job.conclusion).toBe("success");
    await until(async () => (await github.jobs())[0]?.state === "completed");
    await github.whenEmpty();
  });
});
