import { FleetOfSources, runners, tokens } from "./fleet-of-sources";
import { no, ok, scriptedGithub } from "./scripted-github";
import { errorOf } from "./source-bench";

const github = scriptedGithub();
let fleet: FleetOfSources;
beforeEach(() => {
  fleet = new FleetOfSources(github);
});

const asked = () => github.count(runners);
const slowDown = no(403, "You have exceeded a secondary rate limit", { "retry-after": "90" });

describe("what one process was told to wait", () => {
  it("is waited by one that starts then, without a call", async () => {
    github.on(runners, slowDown);
    const retryAt = fleet.bench.now + 90_000;
    expect(await errorOf(fleet.start().ask())).toMatchObject({ code: "source-throttled", details: { retryAt } });
    expect(await errorOf(fleet.start().ask())).toMatchObject({ code: "source-throttled", details: { retryAt } });
    expect(asked()).toBe(1);
  });

  it("is waited by those at work within a quarter of a minute, until it is over", async () => {
    const [one, other] = [fleet.start(), fleet.start()];
    await other.ask();
    github.on(runners, slowDown);
    await errorOf(one.ask());
    github.on(runners, ok({ runners: [] }));
    fleet.pass(15_000);
    expect((await errorOf(other.ask())).code).toBe("source-throttled");
    expect(asked()).toBe(2);
    fleet.pass(75_000);
    await other.ask();
    await one.ask();
    expect(asked()).toBe(4);
  });

  it("is waited by all when the limit of the hour is spent", async () => {
    const reset = fleet.bench.now + 600_000;
    const headers = { "x-ratelimit-limit": "5000", "x-ratelimit-remaining": "0" };
    github.on(runners, ok({}, { ...headers, "x-ratelimit-reset": String(reset / 1_000) }));
    await fleet.start().ask();
    expect((await errorOf(fleet.start().ask())).details).toEqual({ retryAt: reset });
    expect(asked()).toBe(1);
  });

  it("holds the credential that was told so, and no other", async () => {
    github.on("GET /repos/acme/gadgets/installation", ok({ id: 10 }));
    github.on("GET /repos/acme/gadgets/actions/runners", ok({})).on(tokens(10), fleet.made("ghs_ten"));
    github.on(runners, slowDown);
    await errorOf(fleet.start().ask());
    await fleet.start().ask("acme/gadgets");
  });

  it("is the longest of what several were told at the same moment", async () => {
    const waits = [30, 300, 120];
    github.on(runners, (_asked, times) => no(429, "slow down", { "retry-after": String(waits[times - 1]) }));
    await Promise.all(waits.map(() => errorOf(fleet.start().ask())));
    expect((await errorOf(fleet.start().ask())).details).toEqual({ retryAt: fleet.bench.now + 300_000 });
  });

  it("is not left for others when it is a moment", async () => {
    github.on(runners, (_asked, times) => (times === 1 ? no(429, "slow", { "retry-after": "1" }) : ok({})));
    const one = fleet.start();
    await one.ask();
    expect(fleet.saved.filter(({ name }) => name.endsWith("pauses"))).toEqual([]);
  });

  it.each(["no JSON", '{"installation-9":"soon"}', '{"installation-9":8640000000000000}'])(
    "is nothing where %j stands",
    async (value) => {
      const name = `source/gh/${new URL(github.url).host}/app-4711/pauses`;
      await fleet.notes.saveNote({ name, value, version: 1, expiresAt: fleet.bench.now + 60_000 });
      await fleet.start().ask();
    },
  );

  it("is kept to by oneself while the ledger does not answer", async () => {
    fleet.trouble = new Error("the ledger does not answer");
    const one = fleet.start();
    github.on(runners, slowDown);
    await errorOf(one.ask());
    await errorOf(one.ask());
    expect(asked()).toBe(1);
  });
});
