import { FleetOfSources, runners, type Speaker } from "./fleet-of-sources";
import { no, ok, scriptedGithub, type Script } from "./scripted-github";
import { errorOf } from "./source-bench";

const jobs = ["GET /repos/acme/widgets/actions/jobs/71", "GET /repos/acme/widgets/actions/jobs/72"] as const;

const github = scriptedGithub();
let fleet: FleetOfSources;
beforeEach(async () => {
  fleet = new FleetOfSources(github);
  all(ok({}));
  // From then on there is a token for all.
  await fleet.start().ask();
});

const asked = () => github.count(runners);
const job = (speaker: Speaker, id: number) => speaker.ask("acme/widgets", `jobs/${id}`);

function all(reply: Script): void {
  for (const call of [runners, ...jobs]) github.on(call, reply);
}

/** Fails now, and 5 s and 10 s later. */
async function fail(speaker = fleet.start(), calls = [() => speaker.ask(), () => job(speaker, 71)]): Promise<void> {
  for (const [index, wait] of [0, 5_000, 5_000].entries()) {
    fleet.pass(wait);
    expect((await errorOf(calls[index % calls.length]?.() ?? Promise.resolve())).code).toBe("source-unreachable");
  }
}

const outages = [
  ["does not answer", "drop"],
  ["answers everything with 502", no(502, "oops")],
] as const;

describe.each(outages)("a server that %s", (_case, reply) => {
  beforeEach(() => all(reply));

  it("is left alone by all after ten seconds, with the time it is asked again", async () => {
    await fail();
    const before = github.asked.length;
    const error = await errorOf(fleet.start().ask());
    expect(error).toMatchObject({ code: "source-unreachable", details: { retryAt: fleet.bench.now + 5_000 } });
    expect(github.asked).toHaveLength(before);
  });

  it("is left alone by one that was answered longer ago than ten seconds", async () => {
    const [one, other] = [fleet.start(), fleet.start()];
    all(ok({}));
    await other.ask();
    all(reply);
    await fail(one);
    fleet.pass(6_000);
    await errorOf(one.ask());
    const before = asked();
    await errorOf(other.ask());
    expect(asked()).toBe(before);
  });

  it("is asked again then, and left alone longer after the next failure", async () => {
    const one = fleet.start();
    for (let times = 0; times < 20; times += 1) {
      fleet.pass(5_000);
      await errorOf(one.ask());
    }
    expect(asked()).toBeLessThan(12);
    all(ok({}));
    fleet.pass(30_000);
    await one.ask();
    await fleet.start().ask();
  });

  it("is asked by everybody as before when it fails for a moment only", async () => {
    const one = fleet.start();
    await Promise.all(Array.from({ length: 10 }, () => errorOf(one.ask())));
    all(ok({}));
    await one.ask();
    await fleet.start().ask();
  });

  it("is asked as before when it answered in between, or the failures lie far apart", async () => {
    const one = fleet.start();
    for (const wait of [0, 61_000, 61_000, 61_000]) {
      fleet.pass(wait);
      await errorOf(one.ask());
    }
    expect(asked()).toBe(5);
    github.on(runners, (_asked, times) => (times % 3 === 0 ? ok({}) : reply));
    for (let call = 0; call < 12; call += 1) {
      fleet.pass(5_000);
      await one.ask().catch(() => undefined);
    }
    expect(asked()).toBe(17);
  });
});

describe("a process with a bad line", () => {
  it("silences none that is answered meanwhile, again and again", async () => {
    const [bad, good] = [fleet.start(), fleet.start()];
    for (let times = 0; times < 40; times += 1) {
      fleet.pass(4_000);
      all("drop");
      await errorOf(bad.ask());
      all(ok({}));
      await good.ask();
    }
    // It does leave the server alone itself.
    all("drop");
    const before = asked();
    await errorOf(bad.ask());
    expect(asked()).toBe(before);
  });

  it("is heard again by one that was not answered for a while", async () => {
    const [bad, good] = [fleet.start(), fleet.start()];
    await good.ask();
    all("drop");
    await fail(bad);
    fleet.pass(6_000);
    await errorOf(bad.ask());
    all(ok({}));
    expect((await errorOf(good.ask())).code).toBe("source-unreachable");
  });
});

describe("an endpoint that answers 502", () => {
  beforeEach(() => {
    for (const call of jobs) github.on(call, no(502, "oops"));
  });

  it("is left alone by the process that sees it, whatever it is asked about, which asks the others as before", async () => {
    const one = fleet.start();
    await fail(one, [() => job(one, 71), () => job(one, 72)]);
    const before = github.asked.length;
    const retryAt = fleet.bench.now + 5_000;
    for (const id of [71, 72]) expect((await errorOf(job(one, id))).details).toEqual({ retryAt });
    expect(github.asked).toHaveLength(before);
    await one.ask();
    await fleet.start().ask();
  });

  it("is asked again once another one is answered, or its time is over", async () => {
    const one = fleet.start();
    await fail(one, [() => job(one, 71)]);
    fleet.pass(5_000);
    for (const call of jobs) github.on(call, ok({}));
    await job(one, 71);
    for (const call of jobs) github.on(call, no(502, "oops"));
    await fail(one, [() => job(one, 71)]);
    await one.ask();
    const before = github.asked.length;
    await errorOf(job(one, 71));
    expect(github.asked).toHaveLength(before + 1);
  });

  it("silences nobody however often it is asked", async () => {
    const one = fleet.start();
    for (let times = 0; times < 30; times += 1) {
      fleet.pass(5_000);
      await errorOf(job(one, 71));
    }
    const before = asked();
    await fleet.start().ask();
    await one.ask();
    expect(asked()).toBe(before + 2);
  });

  it("is taken for the server as soon as another one fails as well", async () => {
    const one = fleet.start();
    await fail(one, [() => job(one, 71)]);
    github.on(runners, "drop");
    await errorOf(one.ask());
    const before = github.asked.length;
    await errorOf(fleet.start().ask());
    expect(github.asked).toHaveLength(before);
  });
});
