import type { ListenerOrders } from "../../../runtime/core/agent-protocol";
import type { Reach } from "../../../runtime/core/model";
import { Bench, errorOf } from "./source-bench";
import { no, ok, scriptedGithub, type ScriptedGithub } from "./scripted-github";

const repo: Reach = {
  source: "gh",
  host: "127.0.0.1",
  scope: "acme/widgets",
  group: "",
  labels: ["self-hosted", "gpu"],
};
const org: Reach = { ...repo, scope: "acme", group: "ci" };
const jit = "POST /repos/acme/widgets/actions/runners/generate-jitconfig";
const list = "GET /repos/acme/widgets/actions/runners";
const registrationToken = "POST /repos/acme/widgets/actions/runners/registration-token";
const made = { status: 201, body: { runner: { id: 501, name: "onejob-a" }, encoded_jit_config: "SklU" } };

describe("an enrolment on a server of one's own", () => {
  const github = scriptedGithub();
  let bench: Bench;

  beforeEach(() => {
    github.on(jit, made);
    bench = new Bench(github.url, { scopes: ["acme/widgets", "acme"] });
  });

  const enrol = (reach = repo) => bench.source.enrol(reach, { id: "a", name: "onejob-a" });
  const listable = ok({ total_count: 0, runners: [] });
  const tokenFor = (ms: number) => ({
    status: 201,
    body: { token: "AAAREG", expires_at: new Date(github.now + ms).toISOString() },
  });
  const credentialOf = ({ payload }: { payload: string }) => (JSON.parse(payload) as ListenerOrders).credential;

  it.each([
    ["3.10.0", "jit"],
    ["3.17.2", "jit"],
    ["4.0.0", "jit"],
    ["3.9.1", "registration"],
    ["2.22.0", "registration"],
    ["next", "jit"],
  ])("of version %s is a %s", async (version, kind) => {
    github.on("GET /meta", ok({ installed_version: version })).on(registrationToken, tokenFor(3_600_000));
    expect(credentialOf(await enrol()).kind).toBe(kind);
  });

  it("before 3.10 is a token to register with, and all that goes with it", async () => {
    github.on("GET /meta", ok({ installed_version: "3.9.1" }));
    github.on("POST /orgs/acme/actions/runners/registration-token", tokenFor(3_600_000));
    const enrolment = await enrol(org);
    expect(enrolment.handle).toBeNull();
    expect(credentialOf(enrolment)).toEqual({
      kind: "registration",
      url: `${github.url}/acme`,
      token: "AAAREG",
      name: "onejob-a",
      group: "ci",
      labels: ["self-hosted", "gpu"],
    });
  });

  it("shares one such token among runners, and makes another while the old one still lets a machine boot", async () => {
    github.on("GET /meta", ok({ installed_version: "3.9.1" })).on(registrationToken, tokenFor(3_600_000));
    await Promise.all([enrol(), enrol(), enrol()]);
    bench.now += 40 * 60_000;
    await enrol();
    expect(github.count(registrationToken)).toBe(1);
    bench.now += 6 * 60_000;
    await enrol();
    expect(github.count(registrationToken)).toBe(2);
  });

  it.each<[string, Parameters<ScriptedGithub["on"]>[1]]>([
    ["refuses it", no(403, "no")],
    ["has no such call", no(404, "Not Found")],
    ["breaks off", "drop"],
    ["answers in HTML", { status: 200, text: "<html>" }],
    ["keeps it to itself", ok({ verifiable_password_authentication: true })],
  ])("that %s when asked for its version is taken for a new one", async (_case, reply) => {
    github.on("GET /meta", reply);
    expect(credentialOf(await enrol()).kind).toBe("jit");
  });

  it("without such a call, though its runners can be listed, gets a registration token, and is not tried again", async () => {
    github.on(jit, no(404, "Not Found")).on(list, listable).on(registrationToken, tokenFor(3_600_000));
    expect(credentialOf(await enrol()).kind).toBe("registration");
    expect(credentialOf(await enrol()).kind).toBe("registration");
    expect(github.count(jit)).toBe(1);
  });

  it("whose runners cannot be listed either lacks a right, not a call", async () => {
    github.on(jit, no(404, "Not Found")).on(list, no(404, "Not Found"));
    expect((await errorOf(enrol())).code).toBe("source-refused");
    expect(github.count(registrationToken)).toBe(0);
  });
});
