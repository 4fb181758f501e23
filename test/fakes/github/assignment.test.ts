import { BareListener, FakeGitHub, ManualTime, seededRandom } from ".";
import type { FakeGitHubOptions } from ".";
import { ask, jitConfig } from "./rest-client";

const time = new ManualTime();
let fake: FakeGitHub;
let token: string;

async function start(options: FakeGitHubOptions = {}) {
  fake = await new FakeGitHub({ time, ...options }).start();
  fake.addRepository("acme/widgets");
  token = fake.addToken({ kind: "classic", scopes: ["repo", "admin:org"] });
}
afterEach(() => fake.stop());

const connect = async (name: string, labels = ["self-hosted"]) =>
  BareListener.connect(await jitConfig(fake, { token, name, labels }));

async function connectToOrg(name: string, group: number) {
  const { body } = await ask(fake, "POST /orgs/acme/actions/runners/generate-jitconfig", {
    token,
    body: { name, runner_group_id: group, labels: ["self-hosted"] },
  });
  return BareListener.connect(String(body.encoded_jit_config));
}

const idleAfter = (job: { assignedTo: unknown }) => job.assignedTo === null;

describe("a queued job", () => {
  it("goes to any runner that has all its labels, case aside", async () => {
    await start();
    await connect("poor", ["self-hosted"]);
    const job = fake.queueJob("acme/widgets", { labels: ["SELF-HOSTED", "gpu"] });
    expect(idleAfter(job)).toBe(true);
    const rich = await connect("rich", ["self-hosted", "GPU", "x64"]);
    expect(await rich.take()).toBe(job.id);
  });

  it("is handed out by chance, not by who registered the runner for what", async () => {
    const pairs = async (seed: number) => {
      await start({ random: seededRandom(seed) });
      const names = ["a", "b", "c", "d"];
      fake.pauseAssignment();
      const jobs = names.map((name) => fake.queueJob("acme/widgets", { name }));
      for (const name of names) await connect(name);
      fake.resumeAssignment();
      const found = jobs.map(({ name, assignedTo }) => `${name}${assignedTo?.name}`).join(" ");
      await fake.stop();
      return found;
    };
    const alone = async (seed: number) => {
      await start({ random: seededRandom(seed) });
      for (const name of ["a", "b", "c", "d"]) await connect(name);
      const { assignedTo } = fake.queueJob("acme/widgets");
      await fake.stop();
      return assignedTo?.name;
    };
    const takers = new Set<string | undefined>();
    for (let seed = 1; seed <= 8; seed += 1) takers.add(await alone(seed));
    expect(takers.size).toBeGreaterThan(2);
    const seen = new Set<string>();
    for (let seed = 1; seed <= 8; seed += 1) seen.add(await pairs(seed));
    expect(seen.size).toBeGreaterThan(4);
    expect(await pairs(3)).toBe(await pairs(3));
  });

  const groups = [
    { what: "a group for all", spec: { allowsPublicRepositories: true }, isPrivate: true, taken: true },
    {
      what: "a group that lets public repositories in",
      spec: { allowsPublicRepositories: true },
      isPrivate: false,
      taken: true,
    },
    { what: "a group as it is made, from a public repository", spec: {}, isPrivate: false, taken: false },
    {
      what: "a group that selects it",
      spec: { visibility: "selected", repositories: ["acme/tools"] },
      isPrivate: true,
      taken: true,
    },
    {
      what: "a group that selects others",
      spec: { visibility: "selected", repositories: [] },
      isPrivate: true,
      taken: false,
    },
  ] as const;
  it.each(groups)("is taken ($taken) by an organisation's runner in $what", async ({ spec, isPrivate, taken }) => {
    await start();
    fake.addRepository("acme/tools", { isPrivate });
    await connectToOrg("one", fake.addRunnerGroup("acme", "Fast", spec).id);
    const job = fake.queueJob("acme/tools");
    expect(idleAfter(job)).toBe(!taken);
  });

  it("that asks for a group is taken only there", async () => {
    await start();
    const group = fake.addRunnerGroup("acme", "Fast");
    const job = fake.queueJob("acme/widgets", { group: "fast" });
    await connectToOrg("slow", 1);
    expect(idleAfter(job)).toBe(true);
    const fast = await connectToOrg("quick", group.id);
    expect(await fast.take()).toBe(job.id);
  });

  it("is not taken by a runner of another repository", async () => {
    await start();
    await connect("one");
    expect(idleAfter(fake.queueJob("acme/gadgets"))).toBe(true);
  });

  it("is not taken before its approval", async () => {
    await start();
    const listener = await connect("one");
    const job = fake.queueJob("acme/widgets", { environment: "production" });
    expect(idleAfter(job)).toBe(true);
    fake.approve(job);
    expect(await listener.take()).toBe(job.id);
  });
});

describe("an assigned job", () => {
  it("is queued again when it is not fetched in time, and the silent runner gets no other until it asks", async () => {
    await start({ pickUpMs: 60_000, offlineAfterMs: 1e9 });
    const silent = await connect("silent");
    const job = fake.queueJob("acme/widgets");
    expect(job.assignedTo?.name).toBe("silent");
    time.advance(60_000);
    expect(idleAfter(job)).toBe(true);
    expect(fake.runners).toMatchObject([{ name: "silent", online: false }]);
    const lively = await connect("lively");
    expect(await lively.take()).toBe(job.id);
    const next = fake.queueJob("acme/widgets");
    expect(idleAfter(next)).toBe(true);
    expect(await silent.take()).toBe(next.id);
  });

  it("is given back by a runner that leaves", async () => {
    await start();
    const listener = await connect("one");
    const job = fake.queueJob("acme/widgets");
    await listener.disconnect();
    expect(idleAfter(job)).toBe(true);
  });

  it("fails when its runner is lost while it runs", async () => {
    await start({ offlineAfterMs: 30_000, lostRunnerMs: 600_000 });
    const listener = await connect("one");
    const job = fake.queueJob("acme/widgets");
    await listener.take();
    time.advance(630_000 - 1);
    expect(job.status).toBe("in_progress");
    time.advance(1);
    expect(job).toMatchObject({ status: "completed", conclusion: "failure" });
    expect(fake.runners).toEqual([]);
  });
});

describe("a listener", () => {
  it("connects once with a JIT configuration, and never again", async () => {
    await start();
    const config = await jitConfig(fake, { token, name: "one" });
    const listener = await BareListener.connect(config);
    await expect(BareListener.connect(config)).rejects.toThrow("409");
    await listener.disconnect();
    await expect(BareListener.connect(config)).rejects.toThrow("409");
  });

  it("that stops asking is offline after a while", async () => {
    await start({ offlineAfterMs: 30_000 });
    const leaving = new AbortController();
    const listener = await connect("one");
    const polling = listener.poll(leaving.signal).catch(() => undefined);
    leaving.abort();
    await polling;
    expect(fake.runners).toMatchObject([{ online: true }]);
    time.advance(30_000);
    await fake.when(() => fake.runners[0]?.online === false);
  });

  it("hears nothing when its version is too old", async () => {
    await start({ minimumRunnerVersion: "2.329.0" });
    const config = await jitConfig(fake, { token, name: "one" });
    const old = await BareListener.connect(config, "2.328.9");
    const job = fake.queueJob("acme/widgets");
    expect(await old.poll()).toMatchObject({
      status: 403,
      body: { message: "Runner version v2.328.9 is deprecated and cannot receive messages." },
    });
    expect(idleAfter(job)).toBe(true);
    await connect("new");
    expect(idleAfter(job)).toBe(false);
  });

  it("cannot end a job that is not its own", async () => {
    await start();
    const one = await connect("one");
    const job = fake.queueJob("acme/widgets");
    const two = await connect("two");
    await one.take();
    expect(await two.finish(job.id)).toMatchObject({ status: 404 });
    expect(await two.acquire(job.id)).toMatchObject({ status: 409 });
  });
});
