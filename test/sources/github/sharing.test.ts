import { FleetOfSources, hour, lookUp, runners, tokens, type Speaker } from "./fleet-of-sources";
import { no, ok, ScriptedGithub, scriptedGithub, type Asked } from "./scripted-github";
import { byApp, errorOf } from "./source-bench";

const github = scriptedGithub();
let fleet: FleetOfSources;
beforeEach(() => {
  fleet = new FleetOfSources(github);
});

/** Whom the last call was made as. */
const lastToken = () => github.asked.at(-1)?.headers.authorization;
const refusing = (token: string) => (asked: Asked) =>
  asked.headers.authorization === `Bearer ${token}` ? no(401, "Bad credentials") : ok({ runners: [] });
const madeTokens = () => github.count(tokens(9));

describe("an installation's token", () => {
  it("is made once for all processes, and so is the look-up of the installation", async () => {
    await fleet.start().ask();
    await fleet.start().ask();
    expect(github.calls).toEqual([lookUp, tokens(9), runners, runners]);
    expect(lastToken()).toBe("Bearer ghs_token_1");
  });

  it("serves a process that starts later as long as it is of use, and not longer", async () => {
    await fleet.start().ask();
    fleet.pass(54 * 60_000);
    await fleet.start().ask();
    expect(madeTokens()).toBe(1);
    fleet.pass(60_000);
    await fleet.start().ask();
    expect([madeTokens(), lastToken()]).toEqual([2, "Bearer ghs_token_2"]);
  });

  it("is renewed by the first who finds it old, for all", async () => {
    const [one, other] = [fleet.start(), fleet.start()];
    await one.ask();
    await other.ask();
    fleet.pass(hour);
    await one.ask();
    await other.ask();
    expect([madeTokens(), lastToken()]).toEqual([2, "Bearer ghs_token_2"]);
  });

  it("is the same one for all who make one at the same moment, once they have", async () => {
    const five = Array.from({ length: 5 }, () => fleet.start());
    await Promise.all(five.map((process) => process.ask()));
    const used = new Set(github.asked.filter(({ path }) => path.endsWith("runners")).map((call) => call.headers));
    expect(new Set([...used].map(({ authorization }) => authorization)).size).toBe(1);
    const before = madeTokens();
    await Promise.all([...five, fleet.start()].map((process) => process.ask()));
    expect(madeTokens()).toBe(before);
  });

  it("that was revoked is replaced once, and its successor used by all who are refused with it", async () => {
    const four = Array.from({ length: 4 }, () => fleet.start());
    for (const process of four) await process.ask();
    github.on(runners, refusing("ghs_token_1"));
    for (const process of [...four, fleet.start()]) await process.ask();
    expect([madeTokens(), lastToken()]).toEqual([2, "Bearer ghs_token_2"]);
  });

  it("that was revoked is not used again by those who find it in the ledger", async () => {
    await fleet.start().ask();
    github.on(runners, refusing("ghs_token_1"));
    await fleet.start().ask();
    await fleet.start().ask();
    expect([madeTokens(), github.count(runners)]).toEqual([2, 4]);
  });

  it("that is refused as soon as it is made does not turn in a circle", async () => {
    github.on(runners, no(401, "Bad credentials"));
    expect((await errorOf(fleet.start().ask())).code).toBe("source-unreachable");
    expect(madeTokens()).toBe(2);
  });

  it("of an installation that was made anew is found by all", async () => {
    const [one, other] = [fleet.start(), fleet.start()];
    await one.ask();
    await other.ask();
    github.on(runners, ({ headers }) => (headers.authorization === "Bearer ghs_new" ? ok({}) : no(401, "no")));
    github
      .on(tokens(9), no(404, "Not Found"))
      .on(tokens(10), fleet.made("ghs_new"))
      .on(lookUp, ok({ id: 10 }));
    await one.ask();
    await other.ask();
    await fleet.start().ask();
    expect([lastToken(), github.count(tokens(10)), github.count(lookUp)]).toEqual(["Bearer ghs_new", 1, 2]);
  });

  it.each([
    ["source", { name: "other" }],
    ["app", { auth: { ...byApp, appId: 5 } as typeof byApp }],
  ])("is not that of another %s", async (_case, changes) => {
    await fleet.start().ask();
    await fleet.start({}, changes).ask();
    expect([madeTokens(), lastToken()]).toEqual([2, "Bearer ghs_token_2"]);
  });

  it("is never shown to another server", async () => {
    const elsewhere = await new ScriptedGithub().start();
    try {
      await fleet.start().ask();
      await errorOf(fleet.start({}, { url: elsewhere.url }).ask());
      const shown = elsewhere.asked.map(({ headers }) => String(headers.authorization));
      expect(shown.filter((text) => text.includes("ghs_"))).toEqual([]);
      expect(shown).toHaveLength(1);
    } finally {
      await elsewhere.stop();
    }
  });

  it("that lacks a right is made anew after a minute, as the right may have been granted since", async () => {
    const one = fleet.start();
    github.on(runners, no(403, "Resource not accessible by integration"));
    await errorOf(one.ask());
    fleet.pass(59_000);
    await errorOf(one.ask());
    expect(madeTokens()).toBe(1);
    fleet.pass(2_000);
    await errorOf(one.ask());
    await errorOf(one.ask());
    await errorOf(fleet.start().ask());
    expect(madeTokens()).toBe(2);
  });

  it("is kept only under a secret's name, with the time it is of use", async () => {
    await fleet.start().ask();
    const holding = fleet.saved.filter(({ value }) => value.includes("ghs_"));
    const host = new URL(github.url).host;
    expect(holding.map(({ name }) => name)).toEqual([`SECRET#source/gh/${host}/app-4711/token/9`]);
    expect(holding[0]?.expiresAt).toBe(fleet.bench.now + hour - 5 * 60_000);
  });

  it("is neither looked for nor kept by a process that may not see secrets", async () => {
    const names: string[] = [];
    const { notes } = fleet;
    const watched = {
      readNote: (name: string) => notes.readNote(names[names.push(name) - 1] ?? ""),
      saveNote: notes.saveNote,
    };
    await fleet.start().ask();
    fleet.saved.length = 0;
    await fleet.start({ notes: watched, tokens: false }).ask();
    expect([...names, ...fleet.saved.map(({ name }) => name)].filter((name) => name.startsWith("SECRET#"))).toEqual([]);
    expect([github.count(lookUp), madeTokens(), lastToken()]).toEqual([1, 2, "Bearer ghs_token_2"]);
  });

  it.each(["", "no JSON", "[]", "{}", '{"value":7,"madeAt":1}', '{"value":"ghs_other"}'])(
    "is made and kept anew where %j stands",
    async (value) => {
      const name = `SECRET#source/gh/${new URL(github.url).host}/app-4711/token/9`;
      await fleet.notes.saveNote({ name, value, version: 1, expiresAt: fleet.bench.now + hour });
      await fleet.start().ask();
      await fleet.start().ask();
      expect([madeTokens(), lastToken()]).toEqual([1, "Bearer ghs_token_1"]);
    },
  );

  it("is each process's own while the ledger does not answer, and never in what is said of that", async () => {
    fleet.trouble = new Error("the ledger does not answer");
    const processes: Speaker[] = [fleet.start(), fleet.start()];
    for (const process of processes) await process.ask();
    expect(madeTokens()).toBe(2);
    expect(fleet.bench.lines.length).toBeGreaterThan(0);
    expect(JSON.stringify(fleet.bench.lines)).not.toContain("ghs_");
  });

  it("costs the ledger nothing while a process has it", async () => {
    const one = fleet.start();
    await one.ask();
    expect(fleet.operations).toHaveLength(5);
    for (let call = 0; call < 10; call += 1) await one.ask();
    expect(fleet.operations).toHaveLength(5);
    const cold = fleet.start();
    await cold.ask();
    expect(fleet.operations.slice(5)).toEqual(["read", "read", "read"]);
  });
});
