import { createEvents, type InstanceEvent } from "../../runtime/entry/lambda/events";
import { createSweep } from "../../runtime/entry/lambda/sweep";
import { systemClock } from "../../runtime/entry/host/node-random";
import { someRunner } from "../fixtures/records";
import { FleetWorld, useMoto } from "./fleet-world";
import { captured } from "./lines";
import { useEc2 } from "./use-ec2";

const url = useMoto();
const lines = captured();
const ec2 = useEc2(url);

let world: FleetWorld;
beforeEach(async () => {
  world = await FleetWorld.deploy(url());
});

const tagsOf = (fleet: string): Record<string, string> => ({
  "onejob:fleet": fleet,
  "onejob:owner": "onejob",
  "onejob:profile": "small",
  "onejob:launch": "l1",
  "onejob:runner": "r1",
});

describe("the sweep function", () => {
  it("ends a machine that no runner and no launch of this fleet knows, and leaves those of others alone", async () => {
    const another = `${world.facts.fleet}-another`;
    for (const fleet of [world.facts.fleet, another]) await ec2().put(tagsOf(fleet));
    expect(await createSweep(world.facts)({})).toEqual({ swept: true });
    const stateOf = async (fleet: string) => (await ec2().machines(fleet)).map(({ State }) => State?.Name);
    expect([await stateOf(world.facts.fleet), await stateOf(another)]).toEqual([["terminated"], ["running"]]);
    expect(lines.metrics("onejob_sweep_repairs_total")).toMatchObject([{ kind: "orphan" }]);
  });

  it("looks after a runner whose machine has vanished", async () => {
    const createdAt = systemClock.now() - 3_600_000;
    await world.ledger.savePlanner({ ...(await world.ledger.readPlanner("small")), version: 1 });
    await world.ledger.createRunner(
      someRunner({ id: "r1", profile: "small", compute: "ec2", machine: "i-00000000000000009", createdAt }),
    );
    await createSweep(world.facts)({});
    expect((await world.ledger.readProfile("small")).runners).toEqual([]);
  });

  it("runs once at a time, whoever calls it, and again when the other has ended", async () => {
    const [one, two] = await Promise.all([createSweep(world.facts)({}), createSweep(world.facts)({})]);
    expect([one.swept, two.swept].sort()).toEqual([false, true]);
  });

  it("asks sources for what no webhook told, and takes one that cannot be asked for no failure", async () => {
    expect(await createSweep(world.facts)({})).toEqual({ swept: true });
    // The token of the source does not exist.
    const asked = lines.logged().filter(({ message }) => String(message).startsWith("a source could not be asked"));
    expect(asked.map(({ chore }) => chore)).toContain("gh: ghosts");
  });

  it("ends by its time limit, and says so in one sentence", async () => {
    await ec2().put(tagsOf(world.facts.fleet));
    await expect(createSweep(world.facts)({}, { getRemainingTimeInMillis: () => 0 })).rejects.toThrow();
    const said = lines.logged().filter(({ level }) => level === "warn" || level === "error");
    expect(
      said.filter(({ message }) => message === "sweep ended by its time limit, the next one goes on"),
    ).toHaveLength(1);
    expect(said.length).toBeLessThan(8);
    expect(ec2().actions).not.toContain("TerminateInstances");
  });

  it("fails while EC2 cannot be asked, so that somebody notices, and does all the rest", async () => {
    process.env["AWS_ENDPOINT_URL_EC2"] = "http://127.0.0.1:1";
    try {
      await expect(createSweep(world.facts)({})).rejects.toThrow("sweep failed in part");
    } finally {
      process.env["AWS_ENDPOINT_URL_EC2"] = ec2().door.url;
    }
    expect(lines.logged().map(({ chore }) => chore)).toContain("gh: ghosts");
  });
});

describe("the events function", () => {
  const event = (type: string, detail: object = {}): InstanceEvent => ({ "detail-type": type, detail });
  const about = (machine: string, given: InstanceEvent): InstanceEvent => ({
    ...given,
    detail: { "instance-id": machine, ...given.detail },
  });
  const check = (machine: string) => [{ kind: "check", profile: "small", runner: "r1", machine }];
  const stateChange = "EC2 Instance State-change Notification";

  it.each([event(stateChange, { state: "shutting-down" }), event(stateChange, { state: "terminated" })])(
    "asks for a look at the runner of $detail-type $detail.state",
    async (given) => {
      const machine = await ec2().put(tagsOf(world.facts.fleet));
      expect(await createEvents(world.facts)(about(machine, given))).toEqual({ checked: 1 });
      expect(await world.messages()).toEqual(check(machine));
    },
  );

  it("asks EC2 once whose machine it is that ends, though its end is told twice", async () => {
    const machine = await ec2().put(tagsOf(world.facts.fleet));
    const events = createEvents(world.facts);
    await events(about(machine, event(stateChange, { state: "shutting-down" })));
    await events(about(machine, event(stateChange, { state: "terminated" })));
    expect(await world.messages()).toEqual([...check(machine), ...check(machine)]);
    expect(ec2().actions.filter((action) => action === "DescribeInstances")).toHaveLength(1);
  });

  it.each([
    ["interruption", event("EC2 Spot Instance Interruption Warning", { "instance-action": "terminate" })],
    ["rebalance", event("EC2 Instance Rebalance Recommendation")],
  ])("warns the runner of an %s", async (of, given) => {
    const machine = await ec2().put(tagsOf(world.facts.fleet));
    expect(await createEvents(world.facts)(about(machine, given))).toEqual({ checked: 1 });
    expect(await world.messages()).toEqual([{ kind: "warned", profile: "small", runner: "r1", machine, of }]);
  });

  it("knows the runner of a machine that was made together with others", async () => {
    const { "onejob:runner": _one, ...tags } = tagsOf(world.facts.fleet);
    const machine = await ec2().put({ ...tags, "onejob:runner:i-00000000000000002": "r2" });
    await ec2().tag(machine, { [`onejob:runner:${machine}`]: "r1" });
    await createEvents(world.facts)(about(machine, event(stateChange, { state: "terminated" })));
    expect(await world.messages()).toEqual(check(machine));
  });

  interface Other {
    readonly why: string;
    readonly tags: (fleet: string) => Record<string, string>;
    readonly given: InstanceEvent;
    /** It does not say its machine. */
    readonly bare?: true;
  }
  const others: readonly Other[] = [
    { why: "another fleet", tags: () => tagsOf("another"), given: event(stateChange, { state: "terminated" }) },
    { why: "a machine without our tags", tags: () => ({}), given: event(stateChange, { state: "terminated" }) },
    { why: "a machine that starts", tags: tagsOf, given: event(stateChange, { state: "running" }) },
    { why: "another kind of event", tags: tagsOf, given: event("EC2 Fleet State Change") },
    {
      why: "an event without a machine",
      tags: tagsOf,
      given: event(stateChange, { state: "terminated" }),
      bare: true,
    },
    { why: "an empty event", tags: tagsOf, given: {}, bare: true },
  ];
  it.each(others)("ignores $why", async ({ tags, given, bare }) => {
    const machine = await ec2().put(tags(world.facts.fleet));
    expect(await createEvents(world.facts)(bare ? given : about(machine, given))).toEqual({ checked: 0 });
    expect(await world.messages()).toEqual([]);
  });

  it("ignores a machine that EC2 does not know any more", async () => {
    const given = about("i-0123456789abcdef0", event(stateChange, { state: "terminated" }));
    expect(await createEvents(world.facts)(given)).toEqual({ checked: 0 });
  });

  it("fails when the message cannot be stored, so that the event comes again", async () => {
    const machine = await ec2().put(tagsOf(world.facts.fleet));
    const lost = createEvents({ ...world.facts, queueUrl: `${world.facts.queueUrl}-gone` });
    await expect(lost(about(machine, event(stateChange, { state: "terminated" })))).rejects.toMatchObject({
      code: "not-stored",
    });
  });
});
