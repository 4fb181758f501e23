import { noon } from "../../fixtures/records";
import { errorOf } from "./source-bench";
import { delivery, eventOf, job, receiver, repository, told } from "./webhook-parcels";

describe("a payload that is signed and yet not as it should be", () => {
  const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
  it.each([
    ["nothing", ""],
    ["no JSON", "{"],
    ["a text", '"queued"'],
    ["null", "null"],
    ["a list", "[]"],
    ["a number", "1"],
    ["very deep", deep],
    ["no action", told(undefined)],
    ["an action that is a list", told(["queued"])],
    ["no job", told("queued", null)],
    ["a job that is a list", told("queued", [])],
    ["a job without an id", told("queued", { ...job, id: undefined })],
    ["an id that is a text of letters", told("queued", { ...job, id: "abc" })],
    ["an id that leads elsewhere", told("queued", { ...job, id: "../../user" })],
    ["a negative id", told("queued", { ...job, id: -1 })],
    ["an id of a half", told("queued", { ...job, id: 1.5 })],
    ["an id of 0", told("queued", { ...job, id: 0 })],
    ["an id of 30 digits", told("queued", { ...job, id: 1 }).replace('"id":1', `"id":${"9".repeat(30)}`)],
    ["a run that is an object", told("queued", { ...job, run_id: {} })],
    ["labels that are a text", told("queued", { ...job, labels: "linux" })],
    ["labels that are objects", told("queued", { ...job, labels: [{}] })],
    ["a hundred and one labels", told("queued", { ...job, labels: Array.from({ length: 101 }, String) })],
    ["a label of a megabyte", told("queued", { ...job, labels: ["x".repeat(1_000_000)] })],
    ["labels that are too long once they are JSON", told("queued", { ...job, labels: ['"'.repeat(2_050)] })],
    ["no repository", told("queued", job, { repository: undefined })],
    ["a repository without a name", told("queued", job, { repository: {} })],
    ["a repository of three parts", told("queued", job, { repository: { full_name: "a/b/c" } })],
    ["a repository that leads elsewhere", told("queued", job, { repository: { full_name: "acme/w?x=1" } })],
    ["a repository that steps up", told("queued", job, { repository: { full_name: "acme/.." } })],
    ["an owner that steps up", told("queued", job, { repository: { full_name: "../acme" } })],
    ["a prototype", '{"action":"queued","__proto__":{"workflow_job":1},"repository":{"full_name":"acme/widgets"}}'],
  ])("(%s) is a bad request", async (_case, body) => {
    expect((await errorOf(receiver().receive(delivery(body)))).code).toBe("bad-request");
  });

  it("is a bad request when it is not UTF-8", async () => {
    const bytes = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]);
    expect((await errorOf(receiver().receive(delivery(bytes)))).code).toBe("bad-request");
  });

  it.each(["encoded", '["encoded data'])("is said to be no JSON, whatever its words are: %s", async (body) => {
    expect((await errorOf(receiver().receive(delivery(body)))).message).toContain("not JSON");
  });

  it("is not quoted in the error", async () => {
    const error = await errorOf(receiver().receive(delivery('{"password": hunter2')));
    expect(error.message).not.toContain("hunter2");
  });

  it.each([
    {
      claim: "names with escapes are tamed",
      given: { name: "\u001b[31mred\r\nx" },
      shown: { name: "CI /  [31mred x" },
    },
    {
      claim: "names that turn the direction of writing are tamed",
      given: { name: "a\u202eb" },
      shown: { name: "CI / a b" },
    },
    {
      claim: "a name that is an object is replaced",
      given: { name: {}, workflow_name: [] },
      shown: { name: "job 71" },
    },
    { claim: "half a character is mended", given: { name: "a\ud800" }, shown: { name: "CI / a\ufffd" } },
    { claim: "an address that is none is dropped", given: { html_url: "javascript:alert(1)" }, shown: { url: null } },
    {
      claim: "an address that turns writing is dropped",
      given: { html_url: "https://x/\u202ey" },
      shown: { url: null },
    },
    { claim: "an address with spaces is dropped", given: { html_url: "https://x y" }, shown: { url: null } },
    { claim: "no labels are no labels", given: { labels: null }, shown: { labels: [] } },
  ])("$claim", async ({ given, shown }) => {
    expect((await eventOf(told("queued", { ...job, ...given }))).facts).toMatchObject(shown);
  });

  it("stays below 8 KB as an event, however long its texts are", async () => {
    const long = "漢".repeat(100_000);
    const labels = Array.from({ length: 16 }, (_, index) => `${index}${"x".repeat(250)}`);
    const changes = {
      name: long,
      workflow_name: long,
      html_url: `https://x/${"y".repeat(9_000)}`,
      runner_name: long,
      labels,
    };
    const event = await eventOf(told("in_progress", { ...job, ...changes }));
    expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThan(8_192);
  });
});

describe("what a webhook says", () => {
  it("of a queued job is everything needed to run it", async () => {
    expect(await eventOf(told("queued"))).toEqual({
      kind: "queued",
      at: noon,
      receivedAt: noon,
      delivery: "72d3162e-cc78-11e3-81ab-4c9367dc0958",
      runnerName: null,
      succeeded: null,
      facts: {
        key: "gh/github.com/71",
        source: "gh",
        host: "github.com",
        id: "71",
        scope: "acme/widgets",
        group: "",
        name: "CI / test (1)",
        labels: ["self-hosted", "Linux"],
        profile: null,
        url: job.html_url,
        createdAt: noon - 10_000,
        retries: 0,
        work: null,
        origin: { repository: "acme/widgets", run: "31", attempt: 1, fork: null },
      },
    });
  });

  it.each([
    ["queued", "queued", "queued"],
    ["queued", "waiting", "waiting"],
    ["queued", "pending", "waiting"],
    ["queued", "requested", "waiting"],
    ["waiting", "waiting", "waiting"],
    ["waiting", "pending", "waiting"],
    ["waiting", "queued", "queued"],
    ["queued", "dreaming", "queued"],
    ["waiting", undefined, "waiting"],
    ["queued", "in_progress", "queued"],
    ["waiting", "completed", "waiting"],
    ["in_progress", "queued", "started"],
    ["completed", "waiting", "finished"],
  ])("of a job that is %s, and %s inside, is that it is %s", async (action, status, kind) => {
    expect((await eventOf(told(action, { ...job, status }))).kind).toBe(kind);
  });

  it("is the same for a doubled delivery, id and all", async () => {
    expect(await eventOf(told("queued"))).toEqual(await eventOf(told("queued")));
  });

  it("keeps ids beyond 2^53 to the digit", async () => {
    const body = told("queued")
      .replace('"id":71', '"id":9007199254740993')
      .replace('"run_id":31', '"run_id":18014398509481985');
    const { facts } = await eventOf(body);
    expect([facts.id, facts.key, facts.origin?.run]).toEqual([
      "9007199254740993",
      "gh/github.com/9007199254740993",
      "18014398509481985",
    ]);
  });

  it("belongs to the most specific scope, spelled as configured, with its group", async () => {
    const both = await eventOf(told("queued"), { scopes: ["ACME", "acme/Widgets"], runnerGroup: "ci" });
    expect([both.facts.scope, both.facts.group]).toEqual(["acme/Widgets", ""]);
    const organisation = await eventOf(told("queued"), { scopes: ["ACME"], runnerGroup: "ci" });
    expect([organisation.facts.scope, organisation.facts.group]).toEqual(["ACME", "ci"]);
  });

  it("follows a renamed repository within its organisation", async () => {
    const renamed = { repository: { full_name: "acme/gadgets" } };
    const { facts } = await eventOf(told("queued", job, renamed), { scopes: ["acme"] });
    expect([facts.key, facts.origin?.repository]).toEqual(["gh/github.com/71", "acme/gadgets"]);
  });

  it.each([
    ["ping", { zen: "Keep it logically awesome." }, "ignored-ping"],
    ["push", {}, "unknown-event"],
    ["__proto__", {}, "unknown-event"],
    ["workflow_job", { action: "deleted" }, "ignored-action"],
    [
      "workflow_job",
      { action: "queued", workflow_job: job, repository: { full_name: "other/widgets" } },
      "ignored-scope",
    ],
    ["workflow_run", { action: "requested" }, "ignored-action"],
    [
      "workflow_run",
      { action: "completed", workflow_run: { id: 1 }, repository: { full_name: "o/w" } },
      "ignored-scope",
    ],
  ])("of %s %j is ignored as %s", async (event, payload, reason) => {
    const parsed = await receiver().receive(delivery(JSON.stringify(payload), { event }));
    expect(parsed).toEqual({ kind: "ignored", reason });
  });

  it("of a completed run is that the run is over", async () => {
    const body = JSON.stringify({ action: "completed", workflow_run: { id: 31 }, repository });
    expect(await receiver().receive(delivery(body, { event: "workflow_run" }))).toEqual({
      kind: "run-over",
      run: { source: "gh", host: "github.com", repository: "acme/widgets", run: "31" },
    });
  });

  it("keeps our own id where GitHub's is missing or strange", async () => {
    const parsed = await receiver().receive(
      delivery(told("queued"), { headers: { "x-github-delivery": "x y\u0000" } }),
    );
    expect(parsed.kind === "events" && parsed.events[0]?.delivery).toBe("request-1");
  });
});
