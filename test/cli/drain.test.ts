/** `onejob drain` of a fleet: zero is what EC2 lists, for a while, and not what anybody hopes. */
import { defaultPatience } from "../../runtime/cli/io";
import { until } from "./terminal";
import type { FleetDesk } from "./fleet-desk";
import { ofFleet, onFleet, someRunner } from "./fleet-desk";

const empty = "no machine, volume or network interface of fleet ci-dev is left\n";
const machine = "i-0123456789abcdef0";

describe("onejob drain --all with a fleet", () => {
  let desk: FleetDesk;
  onFleet((made) => void (desk = made));

  const run = (...args: readonly string[]) => desk.terminal.run("drain", "--all", ...args);
  const runners = (...items: readonly object[]) => void desk.api.answers.set("GET /api/v1/runners", { items });
  const said = (text: string) => until(() => desk.terminal.said.includes(text));
  const asksToDrain = () => desk.api.requests.filter(({ method }) => method === "POST").map(({ body }) => body);
  const looks = () => desk.ec2.actions.filter((action) => action === "DescribeInstances").length;
  /** Time stands until it is moved. */
  const holdTime = () => {
    const start = Date.parse("2030-01-01T00:10:00.000Z");
    let at = start;
    desk.terminal.now = () => at;
    return (ms: number) => void (at += ms);
  };

  it("asks the fleet to drain, waits for runners and machines, and says zero only then", async () => {
    holdTime();
    desk.terminal.patience.settleMs = 0;
    desk.ec2.put(machine, ofFleet);
    desk.ec2.part("vol-1", { state: "in-use", tags: ofFleet });
    runners(someRunner());
    const drained = run();
    await said(
      "1 machine, 1 volume, 1 runner left; the oldest, onejob-4k2jab, has gh/github.com/7 and is 10 min 0 s old",
    );
    runners();
    await said(`1 machine, 1 volume left: ${machine} (running), vol-1 (in-use)`);
    for (const one of desk.ec2.machines) one.state = "terminated";
    await said("1 volume left: vol-1");
    desk.ec2.volumes.length = 0;
    expect(await drained).toMatchObject({ code: 0, out: empty });
    expect(asksToDrain().map((body) => JSON.parse(body) as unknown)).toEqual([{ now: false, resume: false }]);
  });

  it("does not believe an empty list within the minute that listings of EC2 may be behind", async () => {
    const pass = holdTime();
    desk.terminal.patience.settleMs = defaultPatience.settleMs;
    const drained = run();
    await said("nothing is left; looking for 1 min 0 s more");
    pass(59_000);
    const before = looks();
    await until(() => looks() > before + 1);
    // Launched before the drain, and listed only now.
    desk.ec2.put(machine, ofFleet);
    await said("1 machine left");
    pass(60_000);
    for (const one of desk.ec2.machines) one.state = "terminated";
    await until(() => desk.terminal.said.split("nothing is left").length === 3);
    pass(60_000);
    expect(await drained).toMatchObject({ code: 0, out: empty });
  });

  it("believes no empty list while the fleet still knows of a runner", async () => {
    desk.terminal.patience.settleMs = 0;
    runners(someRunner({ state: "requested", machine: null, job: null }));
    const drained = run();
    await said("1 runner left");
    const before = looks();
    await until(() => looks() > before + 2);
    expect(desk.terminal.printed).toBe("");
    runners();
    expect((await drained).code).toBe(0);
  });

  it("counts what has the fleet's tag, and nothing else", async () => {
    desk.ec2.put("i-0aaaaaaaaaaaaaaa1", { "onejob:fleet": "ci-prod" });
    desk.ec2.put("i-0aaaaaaaaaaaaaaa2", {});
    desk.ec2.part("vol-2", { state: "deleting", tags: ofFleet });
    desk.ec2.part("eni-1", { state: "in-use", tags: ofFleet, ofAws: true });
    expect(await run()).toMatchObject({ code: 0, out: empty });
  });

  it("after --timeout exits 1, names what is left, and what to do about it", async () => {
    const pass = holdTime();
    desk.ec2.put(machine, ofFleet);
    desk.ec2.put("i-0bbbbbbbbbbbbbbb1", { ...ofFleet, CreatedBy: "EC2 Image Builder" });
    const drained = run("--timeout", "10m");
    await said("2 machines left");
    pass(600_000);
    const { code, out, err } = await drained;
    expect(code).toBe(1);
    expect(out).toMatch(new RegExp(`machine +${machine} +running `));
    expect(out).toMatch(/i-0bbbbbbbbbbbbbbb1 +running, bakes an image/);
    expect(err).toContain("it goes on draining");
    expect(err).toContain(`end ${machine} with --now`);
    expect(err).toContain("wait for the image that i-0bbbbbbbbbbbbbbb1 bakes");
    expect(err).toContain("onejob drain --resume --fleet ci-dev");
    expect(desk.ec2.actions).not.toContain("TerminateInstances");
  });

  it("names how to delete a volume or interface that no machine will take along", async () => {
    const pass = holdTime();
    desk.ec2.part("vol-1", { state: "available", tags: ofFleet });
    desk.ec2.part("eni-1", { state: "available", tags: ofFleet });
    const drained = run("--timeout", "1m");
    await said("1 volume, 1 network interface left");
    pass(60_000);
    const { code, err } = await drained;
    expect(code).toBe(1);
    expect(err).toContain("aws ec2 delete-volume --volume-id vol-1");
    expect(err).toContain("aws ec2 delete-network-interface --network-interface-id eni-1");
  });

  it("tells programs what is left", async () => {
    const pass = holdTime();
    desk.ec2.put(machine, { ...ofFleet, "onejob:runner": "4k2jab" });
    const drained = run("--timeout", "1m", "--output", "json");
    await said("1 machine left");
    pass(60_000);
    expect(JSON.parse((await drained).out)).toEqual({
      ...{ fleet: "ci-dev", empty: false, runners: [] },
      left: [{ kind: "machine", id: machine, state: "running", since: null, runner: "4k2jab", bakes: false }],
    });
  });

  it("with --now cancels what runs, and after a while ends by its tag what the fleet left standing", async () => {
    const pass = holdTime();
    desk.terminal.patience.settleMs = 0;
    desk.terminal.patience.endMs = 300_000;
    desk.ec2.put(machine, ofFleet);
    desk.ec2.put("i-0ccccccccccccccc1", ofFleet);
    for (const one of desk.ec2.machines.slice(1)) one.state = "shutting-down";
    desk.ec2.put("i-0aaaaaaaaaaaaaaa1", { "onejob:fleet": "ci-prod" });
    const drained = run("--now");
    await said("2 machines left");
    pass(299_000);
    const before = looks();
    await until(() => looks() > before + 1);
    expect(desk.ec2.actions).not.toContain("TerminateInstances");
    pass(1_000);
    await said(`the fleet did not end ${machine}: ending what has its tag`);
    await until(() => desk.ec2.machines[0]?.state === "terminated");
    for (const one of desk.ec2.machines.slice(1, 2)) one.state = "terminated";
    expect(await drained).toMatchObject({ code: 0, out: empty });
    expect(desk.ec2.machines[2]?.state).toBe("running");
    expect(JSON.parse(asksToDrain()[0] ?? "")).toEqual({ now: true, resume: false });
  });

  it("leaves the fleet draining on Ctrl-C, and says so", async () => {
    desk.ec2.put(machine, ofFleet);
    const drained = run();
    await said("1 machine left");
    desk.terminal.pressCtrlC();
    const { code, out, err } = await drained;
    expect([code, out]).toEqual([130, ""]);
    expect(err).toContain("fleet ci-dev goes on draining");
    expect(err).toContain("onejob drain --resume --fleet ci-dev");
  });

  it("leaves on Ctrl-C also while AWS does not answer", async () => {
    desk.ec2.put(machine, ofFleet);
    const drained = run();
    await said("1 machine left");
    desk.ec2.silent = true;
    await until(() => desk.ec2.waiting > 0);
    desk.terminal.pressCtrlC();
    expect((await drained).code).toBe(130);
  });

  it("bears a fleet that is away for a moment, of which it knows nothing, and looks as long as before", async () => {
    const pass = holdTime();
    desk.terminal.patience.settleMs = 15_000;
    const drained = run();
    await said("nothing is left");
    const away = { error: { code: "not-stored", what: "busy", fix: "wait", retry: true } };
    desk.api.replyNext("GET /api/v1/runners", { status: 503, body: away });
    await said("busy; trying again");
    pass(14_000);
    await until(() => desk.terminal.said.split("nothing is left").length === 3);
    pass(14_000);
    const before = looks();
    await until(() => looks() > before + 2);
    expect(desk.terminal.printed).toBe("");
    pass(1_000);
    expect(await drained).toMatchObject({ code: 0, out: empty });
  });

  it("does not stop for --timeout while it only makes sure", async () => {
    expect(await run("--timeout", "1ms")).toMatchObject({ code: 0, out: empty });
  });

  it("gives up on a fleet that stays away", async () => {
    const away = { error: { code: "not-stored", what: "busy", fix: "wait", retry: true } };
    desk.terminal.patience.giveUpMs = 0;
    desk.api.replyNext("GET /api/v1/runners", { status: 503, body: away });
    expect(await run()).toMatchObject({ code: 69, out: "" });
  });

  it("changes nothing for who may not look at EC2", async () => {
    desk.ec2.refusal = "UnauthorizedOperation";
    const { code, err } = await run();
    expect(code).toBe(77);
    expect(err).toContain("AWS refused");
    expect(asksToDrain()).toEqual([]);
  });

  it("proves nothing of a name that was never deployed", async () => {
    expect(await run("--fleet", "ci-typo")).toMatchObject({ code: 66, out: "" });
    expect(asksToDrain()).toEqual([]);
  });

  it.each([[["--timeout", "soon"]], [["--timeout", "0s"]], [["--now", "--resume"]]])(
    "%j is a usage error, and changes nothing",
    async (args) => {
      expect((await run(...args)).code).toBe(2);
      expect(asksToDrain()).toEqual([]);
    },
  );

  it.each([
    [["drain"], { now: false, resume: false }, "fleet ci-dev takes no new jobs"],
    [["drain", "--resume"], { now: false, resume: true }, "fleet ci-dev takes jobs again"],
    [["drain", "--all", "--resume"], { now: false, resume: true }, "fleet ci-dev takes jobs again"],
  ])("%j asks and returns", async (argv, body, words) => {
    desk.ec2.put(machine, ofFleet);
    const { code, err } = await desk.terminal.run(...argv);
    expect(code).toBe(0);
    expect(err).toContain(words);
    expect(JSON.parse(asksToDrain()[0] ?? "")).toEqual(body);
  });

  it("--timeout without a fleet is a usage error: a server does not wait", async () => {
    desk.terminal.env = { ...desk.terminal.env, ONEJOB_FLEET: "" };
    expect((await run("--timeout", "1m")).code).toBe(2);
  });
});
