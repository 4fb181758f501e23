import { createEvents, type InstanceEvent } from "../../runtime/entry/lambda/events";
import { createSweep } from "../../runtime/entry/lambda/sweep";
import { systemClock } from "../../runtime/entry/host/node-random";
import { someRunner } from "../fixtures/records";
import { FleetWorld, useMoto } from "./fleet-world";
import { captured } from "./lines";
import { StubEc2 } from "./stub-ec2";

const url = useMoto();
const lines = captured();
let ec2: StubEc2;
beforeAll(async () => {
  ec2 = await StubEc2.start();
  process.env["AWS_ENDPOINT_URL_EC2"] = ec2.url;
});
afterAll(() => ec2.stop());

let world: FleetWorld;
beforeEach(async () => {
  world = await FleetWorld.deploy(url());
  ec2.machines.length = 0;
  ec2.actions.length = 0;
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
    ec2.put("i-00000000000000001", tagsOf(world.facts.fleet));
    ec2.put("i-00000000000000002", tagsOf("another"));
    expect(await createSweep(world.facts)({})).toEqual({ swept: true });
    expect(ec2.machines.map(({ state }) => state)).toEqual(["terminated", "running"]);
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
    ec2.put("i-00000000000000001", tagsOf(world.facts.fleet));
    await expect(createSweep(world.facts)({}, { getRemainingTimeInMillis: () => 0 })).rejects.toThrow();
    const said = lines.logged().filter(({ level }) => level === "warn" || level === "error");
    expect(
      said.filter(({ message }) => message === "sweep ended by its time limit, the next one goes on"),
    ).toHaveLength(1);
    expect(said.length).toBeLessThan(8);
    expect(ec2.actions).not.toContain("TerminateInstances");
  });

  it("fails while EC2 cannot be asked, so that somebody notices, and does all the rest", async () => {
    process.env["AWS_ENDPOINT_URL_EC2"] = "http://127.0.0.1:1";
    try {
      await expect(createSweep(world.facts)({})).rejects.toThrow("sweep failed in part");
    } finally {
      process.env["AWS_ENDPOINT_URL_EC2"] = ec2.url;
    }
    expect(lines.logged().map(({ chore }) => chore)).toContain("gh: ghosts");
  });
});

describe("the events function", () => {
  const machine = "i-00000000000000001";
  const event = (type: string, detail: object = {}): InstanceEvent => ({
    "detail-type": type,
    detail: { "instance-id": machine, ...detail },
  });
  const check = [{ kind: "check", profile: "small", runner: "r1" }];
  const stateChange = "EC2 Instance State-change Notification";

  it.each([event(stateChange, { state: "shutting-down" }), event(stateChange, { state: "terminated" })])(
    "asks for a look at the runner of $detail-type $detail.state",
    async (given) => {
      ec2.put(machine, tagsOf(world.facts.fleet));
      expect(await createEvents(world.facts)(given)).toEqual({ checked: 1 });
      expect(await world.messages()).toEqual(check);
    },
  );

  it.each([
    ["interruption", event("EC2 Spot Instance Interruption Warning", { "instance-action": "terminate" })],
    ["rebalance", event("EC2 Instance Rebalance Recommendation")],
  ])("warns the runner of an %s", async (of, given) => {
    ec2.put(machine, tagsOf(world.facts.fleet));
    expect(await createEvents(world.facts)(given)).toEqual({ checked: 1 });
    expect(await world.messages()).toEqual([{ kind: "warned", profile: "small", runner: "r1", of }]);
  });

  it("knows the runner of a machine that was made together with others", async () => {
    const { "onejob:runner": _one, ...tags } = tagsOf(world.facts.fleet);
    ec2.put(machine, { ...tags, "onejob:runner:i-00000000000000002": "r2", [`onejob:runner:${machine}`]: "r1" });
    await createEvents(world.facts)(event(stateChange, { state: "terminated" }));
    expect(await world.messages()).toEqual(check);
  });

  const others: readonly { why: string; tags: (fleet: string) => Record<string, string>; given: InstanceEvent }[] = [
    { why: "another fleet", tags: () => tagsOf("another"), given: event(stateChange, { state: "terminated" }) },
    { why: "a machine without our tags", tags: () => ({}), given: event(stateChange, { state: "terminated" }) },
    { why: "a machine that starts", tags: tagsOf, given: event(stateChange, { state: "running" }) },
    { why: "another kind of event", tags: tagsOf, given: event("EC2 Fleet State Change") },
    {
      why: "an event without a machine",
      tags: tagsOf,
      given: { "detail-type": stateChange, detail: { state: "terminated" } },
    },
    { why: "an empty event", tags: tagsOf, given: {} },
  ];
  it.each(others)("ignores $why", async ({ tags, given }) => {
    ec2.put(machine, tags(world.facts.fleet));
    expect(await createEvents(world.facts)(given)).toEqual({ checked: 0 });
    expect(await world.messages()).toEqual([]);
  });

  it("ignores a machine that EC2 does not know any more", async () => {
    expect(await createEvents(world.facts)(event(stateChange, { state: "terminated" }))).toEqual({ checked: 0 });
  });

  it("fails when the message cannot be stored, so that the event comes again", async () => {
    ec2.put(machine, tagsOf(world.facts.fleet));
    const lost = createEvents({ ...world.facts, queueUrl: `${world.facts.queueUrl}-gone` });
    await expect(lost(event(stateChange, { state: "terminated" }))).rejects.toMatchObject({ code: "not-stored" });
  });
});
