import { FakeGitHub } from ".";
import { requestProblem, responseProblem, webhookProblem } from "./openapi";
import { ask } from "./rest-client";
import { toJson } from "./reply";

const runner = { id: 1, name: "one", os: "linux", status: "online", busy: false, labels: [] };
const one = { method: "GET", template: "/orgs/{org}/actions/runners/{runner_id}", status: 200 };

describe("the published description", () => {
  it("accepts a right answer", () => {
    expect(responseProblem({ ...one, body: runner })).toBeNull();
  });

  it.each([
    ["a missing field", { ...runner, busy: undefined }, "busy"],
    ["a wrong type", { ...runner, id: "1" }, "/id"],
    ["a wrong label", { ...runner, labels: [{ id: 1, name: "x", type: "secret" }] }, "/labels/0/type"],
  ])("refuses %s", (_, body, where) => {
    expect(responseProblem({ ...one, body })).toContain(where);
  });

  it("accepts null where a field may be null, references included", () => {
    const template = "/repos/{owner}/{repo}/actions/runs/{run_id}";
    expect(responseProblem({ method: "GET", template, status: 200, body: { head_commit: null } })).toContain(
      "required",
    );
    expect(responseProblem({ ...one, body: { ...runner, version: null } })).toBeNull();
  });

  it("refuses a body where none is published", () => {
    expect(responseProblem({ method: "DELETE", template: one.template, status: 204, body: {} })).toContain(
      "without a body",
    );
  });

  it("judges requests and webhooks too", () => {
    const jit = { method: "POST", template: "/orgs/{org}/actions/runners/generate-jitconfig" };
    expect(requestProblem({ ...jit, body: { name: "x", runner_group_id: 1, labels: ["a"] } })).toBeNull();
    expect(requestProblem({ ...jit, body: { name: "x", runner_group_id: 1, labels: [] } })).toContain("labels");
    expect(webhookProblem("webhook-workflow-job-queued", { action: "queued" })).toContain("required");
  });
});

describe("a fake that says something wrong", () => {
  it("answers 500 and fails the test at its end", async () => {
    const fake = await new FakeGitHub({ minimumRunnerVersion: "1" }).start();
    const token = fake.addToken({ kind: "classic", scopes: ["repo"] });
    const job = fake.queueJob("acme/widgets");
    Object.assign(job, { conclusion: "wonderful" });
    const answer = await ask(fake, `GET /repos/acme/widgets/actions/jobs/${job.id}`, { token });
    const end = await fake.stop().catch((error: unknown) => error);
    expect(answer).toMatchObject({ status: 500 });
    expect(end).toMatchObject({ message: expect.stringContaining("/conclusion") as string });
  });
});

describe("JSON of the fake", () => {
  it("writes big numbers bare and leaves text alone", () => {
    expect(toJson({ id: 181350018413494273n, text: "12n" })).toBe('{"id":181350018413494273,"text":"12n"}');
  });
});
