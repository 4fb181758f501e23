import { BareListener, FakeGitHub } from ".";
import { jitConfig } from "./rest-client";

let fake: FakeGitHub;
beforeEach(async () => {
  fake = await new FakeGitHub().start();
  fake.addRepository("acme/widgets");
});
afterEach(() => fake.stop());

async function control(name: string, body: object = {}) {
  const response = await fetch(`${fake.url}/_fake/control/${name}`, { method: "POST", body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe("the control over HTTP", () => {
  it("queues, approves, cancels and shows what there is", async () => {
    const jobs = [{ name: "a" }, { name: "b", environment: "production" }];
    const { body: run } = await control("queue-run", { repository: "acme/widgets", jobs, fork: "mallory/widgets" });
    const [, waiting] = run.jobs as { id: number; status: string }[];
    expect(waiting).toMatchObject({ status: "waiting" });
    await control("approve", { job: waiting?.id });
    expect(await control("state")).toMatchObject({ body: { jobs: [{ status: "queued" }, { status: "queued" }] } });
    await control("cancel-run", { run: run.id });
    expect((await control("state")).body.runs).toMatchObject([
      { jobs: [{ conclusion: "cancelled" }, { conclusion: "cancelled" }] },
    ]);
    expect(fake.runs[0]?.headRepository.fullName).toBe("mallory/widgets");
  });

  it("says no as the REST API would", async () => {
    const { body: job } = await control("queue-job", { repository: "acme/widgets" });
    expect(await control("rerun-job", { job: job.id })).toMatchObject({ status: 403 });
    expect(await control("cancel-run", { run: 1 })).toMatchObject({ status: 404 });
    expect(await control("unknown")).toMatchObject({ status: 404 });
  });

  it("injects faults and shows the calls", async () => {
    await control("inject", { status: 503 });
    await fetch(`${fake.apiUrl}/meta`);
    expect((await control("calls")).body.calls).toMatchObject([{ path: "/meta", status: 503 }]);
  });
});

describe("a test", () => {
  it("is told as soon as something holds", async () => {
    const token = fake.addToken({ kind: "classic", scopes: ["repo"] });
    const job = fake.queueJob("acme/widgets");
    const told = fake.when(() => job.status === "completed");
    const listener = await BareListener.connect(await jitConfig(fake, { token, name: "one" }));
    await listener.finish(await listener.take());
    await told;
    await fake.when(() => fake.calls.count("POST /repos/{owner}/{repo}/actions/runners/generate-jitconfig") === 1);
  });
});
