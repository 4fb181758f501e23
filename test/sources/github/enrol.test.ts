import type { ListenerOrders } from "../../../runtime/core/agent-protocol";
import type { Reach } from "../../../runtime/core/model";
import type { GithubSourceSettings } from "../../../runtime/core/settings";
import { githubSource } from "../../../runtime/sources/github";
import { Bench, byApp, errorOf } from "./source-bench";
import { no, ok, scriptedGithub } from "./scripted-github";

const repo: Reach = {
  source: "gh",
  host: "127.0.0.1",
  scope: "acme/widgets",
  group: "",
  labels: ["self-hosted", "gpu"],
};
const org: Reach = { ...repo, scope: "acme", group: "ci" };
const runner = { id: "a", name: "onejob-a" };
const jit = "POST /repos/acme/widgets/actions/runners/generate-jitconfig";
const orgJit = "POST /orgs/acme/actions/runners/generate-jitconfig";
const groups = "GET /orgs/acme/actions/runner-groups";
const list = "GET /repos/acme/widgets/actions/runners";
const made = { status: 201, body: { runner: { id: 501, name: "onejob-a" }, encoded_jit_config: "SklU" } };
const knownGroups = ok({
  runner_groups: [
    { id: 1, name: "Default" },
    { id: 7, name: "ci" },
  ],
});

describe("an enrolment", () => {
  const github = scriptedGithub();
  let bench: Bench;

  beforeEach(() => {
    github.on(jit, made).on(orgJit, made).on(groups, knownGroups);
    open();
  });

  function open(changes: Partial<GithubSourceSettings> = {}): void {
    bench = new Bench(github.url, { scopes: ["acme/widgets", "acme"], ...changes });
  }
  const enrol = (reach = repo) => bench.source.enrol(reach, runner);
  const bodyOf = (call: string) =>
    JSON.parse(
      github.asked.filter(({ method, path }) => `${method} ${path}` === call).at(-1)?.body ?? "null",
    ) as unknown;

  it("is the whole configuration of a runner with the job's own labels, and says what GitHub calls it", async () => {
    const enrolment = await enrol();
    const orders: ListenerOrders = {
      credential: { kind: "jit", config: "SklU" },
      runner: { path: "/opt/actions-runner" },
    };
    expect(enrolment).toEqual({ executor: "github", payload: JSON.stringify(orders), handle: "501" });
    expect(bodyOf(jit)).toEqual({
      name: "onejob-a",
      runner_group_id: 1,
      labels: ["self-hosted", "gpu"],
      work_folder: "_work",
    });
  });

  it("takes exactly one call, once the server and the group are known", async () => {
    await enrol(org);
    github.asked.length = 0;
    for (let more = 0; more < 5; more += 1) await enrol(org);
    expect(github.calls).toEqual(Array(5).fill(orgJit));
  });

  it("takes one call also with an app", async () => {
    open({ auth: byApp });
    github.on("GET /repos/acme/widgets/installation", ok({ id: 9 }));
    const expires_at = new Date(github.now + 3_600_000).toISOString();
    github.on("POST /app/installations/9/access_tokens", { status: 201, body: { token: "ghs_x", expires_at } });
    await enrol();
    github.asked.length = 0;
    await enrol();
    expect(github.calls).toEqual([jit]);
  });

  it("carries a runner's id beyond 2^53 to the digit", async () => {
    github.on(jit, { status: 201, text: '{"runner":{"id":9007199254740993},"encoded_jit_config":"SklU"}' });
    expect((await enrol()).handle).toBe("9007199254740993");
  });

  it.each([
    ["a name longer than 64", repo, { id: "a", name: "x".repeat(65) }, "64"],
    ["no labels", { ...repo, labels: [] }, runner, "labels"],
    ["more than a hundred labels", { ...repo, labels: Array.from({ length: 101 }, String) }, runner, "labels"],
  ] as const)("is refused for %s before anything is asked", async (...[, reach, named, word]) => {
    const error = await errorOf(bench.source.enrol(reach, named));
    expect([error.code, github.asked.length, error.message.includes(word)]).toEqual(["source-refused", 0, true]);
  });

  it("is allowed a name of exactly 64", async () => {
    await bench.source.enrol(repo, { id: "a", name: "x".repeat(64) });
  });

  it.each([
    ["no id", { runner: {}, encoded_jit_config: "SklU" }],
    ["no configuration", { runner: { id: 1 } }],
    ["nothing", null],
  ])("that GitHub answers with %s is source-unreachable, not a broken runner", async (_case, body) => {
    github.on(jit, { status: 201, body });
    expect((await errorOf(enrol())).code).toBe("source-unreachable");
  });

  describe("in a group", () => {
    it("is by the group's id, asked once an hour", async () => {
      await enrol(org);
      expect(bodyOf(orgJit)).toMatchObject({ runner_group_id: 7 });
      bench.now += 3_601_000;
      await enrol(org);
      expect(github.count(groups)).toBe(2);
    });

    it("asks once for all that come at the same moment", async () => {
      await Promise.all(Array.from({ length: 10 }, () => enrol(org)));
      expect(github.count(groups)).toBe(1);
    });

    it("is found on the second page, and beyond case", async () => {
      github.on(
        groups,
        ok({ runner_groups: [{ id: 1, name: "Default" }] }, { link: '<http://x/?page=2>; rel="next"' }),
      );
      github.on(`${groups}?page=2`, ok({ runner_groups: [{ id: 8, name: "CI" }] }));
      await enrol(org);
      expect(bodyOf(orgJit)).toMatchObject({ runner_group_id: 8 });
    });

    it("that does not exist is source-refused, naming those there are", async () => {
      const error = await errorOf(enrol({ ...org, group: "nightly" }));
      expect([error.code, github.count(orgJit)]).toEqual(["source-refused", 0]);
      expect(error.message).toMatch(/"acme" has no runner group "nightly".*"Default", "ci"/);
    });

    it.each([403, 404])("named Default is the first one where the list is refused (%i)", async (status) => {
      github.on(groups, no(status, "no"));
      await enrol({ ...org, group: "Default" });
      expect(bodyOf(orgJit)).toMatchObject({ runner_group_id: 1 });
    });

    it("of another name is source-refused where the list is refused, with the right it takes", async () => {
      github.on(groups, no(403, "no"));
      const error = await errorOf(enrol(org));
      expect([error.code, error.message.includes("Self-hosted runners")]).toEqual(["source-refused", true]);
    });

    it("that was made anew under its name is found again", async () => {
      await enrol(org);
      github.on(groups, ok({ runner_groups: [{ id: 9, name: "ci" }] }));
      github.on(orgJit, ({ body }) => (body.includes('"runner_group_id":9') ? made : no(422, "Invalid group")));
      expect((await enrol(org)).handle).toBe("501");
    });

    it("of a repository is always the first, and not asked for", async () => {
      await enrol({ ...repo, group: "ci" });
      expect([bodyOf(jit), github.count(groups)]).toEqual([expect.objectContaining({ runner_group_id: 1 }), 0]);
    });
  });

  describe("whose name is taken by an earlier try", () => {
    const taken = (_asked: unknown, times: number) => (times === 1 ? no(409, "Already exists") : made);
    const holder = { id: 400, name: "onejob-a", status: "offline", busy: false };

    it("replaces that one", async () => {
      github.on(jit, taken).on(list, ok({ runners: [{ ...holder, id: 399, name: "onejob-ab" }, holder] }));
      github.on("DELETE /repos/acme/widgets/actions/runners/400", { status: 204 });
      expect((await enrol()).handle).toBe("501");
      expect(github.count("DELETE /repos/acme/widgets/actions/runners/400")).toBe(1);
      expect(github.calls.find((call) => call.startsWith(list))).toContain("name=onejob-a");
    });

    it("goes on when it is gone meanwhile", async () => {
      github.on(jit, taken).on(list, ok({ runners: [] }));
      expect((await enrol()).handle).toBe("501");
    });

    it("leaves it alone when it has a job", async () => {
      github.on(jit, taken).on(list, ok({ runners: [holder] }));
      github.on("DELETE /repos/acme/widgets/actions/runners/400", no(422, "Runner is still running a job"));
      expect((await errorOf(enrol())).code).toBe("source-refused");
      expect(github.count(jit)).toBe(1);
    });

    it("gives up after the second refusal", async () => {
      github.on(jit, no(409, "Already exists")).on(list, ok({ runners: [] }));
      const error = await errorOf(enrol());
      expect([error.code, github.count(jit)]).toEqual(["source-refused", 2]);
      expect(error.message).toContain("Already exists");
    });
  });

  it.each([
    [403, "Resource not accessible by integration"],
    [404, "Not Found"],
  ])("that is forbidden (%i) is source-refused: scope, right, how to give it", async (status, words) => {
    github.on(jit, no(status, words));
    const error = await errorOf(enrol());
    expect(error.code).toBe("source-refused");
    for (const part of ['"acme/widgets"', "generate-jitconfig", words, "Administration", "read and write"])
      expect(error.message).toContain(part);
  });

  it("that is wrong in itself is source-refused in GitHub's words, errors and all", async () => {
    github.on(jit, {
      status: 422,
      body: { message: "Validation Failed", errors: ["label too long", { message: "and odd" }] },
    });
    expect((await errorOf(enrol())).message).toContain("Validation Failed; label too long; and odd");
  });

  it.each([
    ["drop" as const, "source-unreachable"],
    [no(502, "oops"), "source-unreachable"],
    [no(429, "slow", { "retry-after": "60" }), "source-throttled"],
  ])("that ends with %j is %s, and is not tried again by itself: the next try frees the name", async (reply, code) => {
    github.on(jit, reply);
    expect((await errorOf(enrol())).code).toBe(code);
    expect(github.count(jit)).toBe(1);
  });

  it("on github.com asks for no version", async () => {
    const asked: string[] = [];
    const fetch: typeof globalThis.fetch = (input) => {
      asked.push(String(input));
      return Promise.resolve(new Response(JSON.stringify(made.body), { status: 201 }));
    };
    const hosted = githubSource({ ...new Bench("https://github.com").options, fetch });
    await hosted.enrol(repo, runner);
    expect(asked).toEqual(["https://api.github.com/repos/acme/widgets/actions/runners/generate-jitconfig"]);
  });
});
