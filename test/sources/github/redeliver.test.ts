import fc from "fast-check";
import type { Attempt } from "../../../runtime/sources/github/redeliver";
import { lostDeliveries } from "../../../runtime/sources/github/redeliver";
import { noon } from "../../fixtures/records";
import { Bench, byApp, errorOf } from "./source-bench";
import { no, ok, scriptedGithub } from "./scripted-github";

const minute = 60_000;

function attempt(changes: Partial<Attempt> = {}): Attempt {
  return { id: "1", guid: "g", at: noon - 5 * minute, event: "workflow_job", arrived: false, again: false, ...changes };
}

describe("a delivery", () => {
  const again = (id: string, at = noon - minute) => attempt({ id, again: true, at });
  it.each<[string, readonly Attempt[], readonly string[]]>([
    ["that never arrived is sent again", [attempt()], ["1"]],
    ["of a run is sent again too", [attempt({ event: "workflow_run" })], ["1"]],
    ["of another event is not", [attempt({ event: "push" })], []],
    ["that arrived is not", [attempt({ arrived: true })], []],
    ["that arrived at last is not", [again("2"), attempt()].map((one) => ({ ...one, arrived: one.again })), []],
    ["that may be under way is not", [attempt({ at: noon - 29_000 })], []],
    ["whose last attempt may be under way is not", [again("2", noon - 10_000), attempt()], []],
    ["that failed three times is sent by its first id", [again("3"), again("2"), attempt()], ["1"]],
    ["that failed four times is given up", [again("4"), again("3"), again("2"), attempt()], []],
    ["whose first attempt is out of sight is left alone, or it would be sent for ever", [again("2")], []],
  ])("%s", (_case, attempts, ids) => {
    expect(lostDeliveries(attempts, noon)).toEqual(ids);
  });

  it("is not sent more than three times again, whatever happens, as time goes on", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 40 }), (pauses) => {
        const all = [attempt({ at: noon })];
        let now = noon;
        for (const pause of pauses) {
          now += pause * minute;
          const seen = all.filter(({ at }) => at >= now - 180 * minute);
          for (const id of lostDeliveries(seen, now))
            all.push(attempt({ id: `${id}${all.length}`, again: true, at: now }));
        }
        expect(all.length).toBeLessThanOrEqual(4);
      }),
    );
  });

  it("goes after older ones, at most fifty at once", () => {
    const attempts = Array.from({ length: 60 }, (_, index) =>
      attempt({ id: String(index), guid: String(index), at: noon - (index + 1) * minute }),
    );
    const ids = lostDeliveries(attempts, noon);
    expect([ids.length, ids[0], ids[1]]).toEqual([50, "59", "58"]);
  });
});

describe("redelivery", () => {
  const list = "GET /app/hook/deliveries";
  const send = (id: string) => `POST /app/hook/deliveries/${id}/attempts`;
  const github = scriptedGithub();
  let bench: Bench;

  beforeEach(() => {
    bench = new Bench(github.url, { auth: byApp });
  });

  const item = (id: string, changes: object = {}) => ({
    id,
    guid: `g${id}`,
    delivered_at: new Date(github.now - 5 * minute).toISOString(),
    redelivery: false,
    status: "Invalid HTTP Response: 502",
    status_code: 502,
    event: "workflow_job",
    ...changes,
  });
  /** With ids as numbers, as GitHub writes them. */
  const page = (items: readonly unknown[], next?: string) => ({
    status: 200,
    text: JSON.stringify(items).replaceAll(/"id":"(\d+)"/g, '"id":$1'),
    headers:
      next === undefined
        ? {}
        : { link: `<${github.url}/api/v3/app/hook/deliveries?per_page=100&cursor=${next}>; rel="next"` },
  });
  const redeliver = () => bench.source.redeliverLost();

  it("sends lost ones again by ids beyond 2^53, to the digit", async () => {
    github.on(list, page([item("9007199254740993"), item("9007199254740995", { status_code: 202, status: "OK" })]));
    github.on(send("9007199254740993"), { status: 202, body: {} });
    expect(await redeliver()).toBe(1);
    expect(github.calls.filter((call) => call.startsWith("POST"))).toEqual([send("9007199254740993")]);
  });

  it("follows the list by its cursor, until it is older than three hours", async () => {
    const old = item("3", { delivered_at: new Date(github.now - 181 * minute).toISOString() });
    github.on(`${list}?per_page=100`, page([item("1")], "v1_2"));
    github.on(`${list}?per_page=100&cursor=v1_2`, page([item("2"), old], "v1_3"));
    github.on(send("1"), { status: 202, body: {} }).on(send("2"), { status: 202, body: {} });
    expect(await redeliver()).toBe(2);
    expect(github.count(list)).toBe(2);
  });

  it("goes by GitHub's clock, an hour off ours", async () => {
    github.now += 60 * minute;
    const ago = (ms: number) => ({ delivered_at: new Date(github.now - ms).toISOString() });
    github.on(list, page([item("2", ago(10_000)), item("1"), item("3", ago(200 * minute))]));
    for (const id of ["1", "2", "3"]) github.on(send(id), { status: 202, body: {} });
    expect(await redeliver()).toBe(1);
    expect(github.count(send("1"))).toBe(1);
  });

  it("goes on with the next when one cannot be sent again", async () => {
    github.on(list, page([item("1"), item("2")]));
    github.on(send("1"), no(422, "too old")).on(send("2"), { status: 202, body: {} });
    expect(await redeliver()).toBe(1);
    expect(bench.lines.map(({ fields }) => fields)).toEqual([{ attempt: "1", status: 422 }]);
  });

  it.each<[string, Partial<ConstructorParameters<typeof Bench>[1]>]>([
    ["with a token: it sees no deliveries", { auth: { kind: "token", token: { env: "GH_TOKEN" } } }],
    ["where no webhooks are taken", { auth: byApp, intake: "poll" }],
  ])("asks for nothing %s", async (_case, changes) => {
    bench = new Bench(github.url, changes);
    expect(await redeliver()).toBe(0);
    expect(github.calls).toEqual([]);
  });

  it("is nothing on a server without such a list", async () => {
    github.on(list, no(404, "Not Found"));
    expect(await redeliver()).toBe(0);
  });

  it.each([
    ["source-unreachable", no(502, "oops")],
    ["source-unreachable", { status: 200, text: "[{}]" }],
    ["source-unreachable", ok({})],
    ["source-throttled", no(429, "slow", { "retry-after": "60" })],
    ["source-refused", no(401, "A JSON web token could not be decoded")],
  ])("says %s when the list cannot be had (%j)", async (code, reply) => {
    github.on(list, reply);
    expect((await errorOf(redeliver())).code).toBe(code);
  });
});
