/** What a machine with a role may say to enrol, and what it gets. */
import Ajv from "ajv";
import { agentSchemas, type EnrolRequest } from "../../../runtime/core/agent-protocol";
import { newRunner } from "../../../runtime/core/runner-moves";
import { enrolRunner } from "../../../runtime/flow/enrol-runner";
import { World } from "../../fakes/flow-world";
import { someSettings } from "../../fixtures/records";
import { ec2Profile } from "./ec2-world";
import { type IdentityWorld, identityWorld, machine, nonce } from "./identity-world";

let mine: IdentityWorld;
beforeEach(async () => {
  mine = await identityWorld();
});
afterEach(() => mine.close());

describe("the request to enrol", () => {
  const check = new Ajv({ strict: false, formats: { "date-time": true } }).compile(agentSchemas.enrol);
  const request = async (changes: object) =>
    check({
      ...{ protocol: 1, nonce, bootedAt: "2026-11-21T12:00:00Z" },
      agent: { version: "test", os: "linux", arch: "x64" },
      proof: { ...(await mine.proof()), ...changes },
    });

  it("may carry a signed proof, with what the tags say or without", async () => {
    expect(await request({})).toBe(true);
    expect(await request({ claim: null })).toBe(true);
  });

  it.each([
    ["a line break in a header", { authorization: "AWS4\r\nhost: evil" }],
    ["a session token without end", { sessionToken: "x".repeat(9_000) }],
    ["a date of another form", { date: "2026-11-21" }],
    ["half a claim", { claim: { profile: "small" } }],
    ["a claim that leads elsewhere", { claim: { profile: "small", runner: "../other" } }],
    ["no claim at all", { claim: undefined }],
    ["another kind", { kind: "gcp" }],
  ])("is refused at the door with %s", async (_what, changes) => {
    expect(await request(changes)).toBe(false);
  });
});

describe("the enrolment of a machine", () => {
  const settings = { ...someSettings(), profiles: [ec2Profile("small")] };

  async function enrol(world: World) {
    const request: EnrolRequest = {
      protocol: 1,
      proof: await mine.proof(),
      nonce,
      agent: { version: "test", os: "linux", arch: "x64" },
      bootedAt: "2026-11-21T12:00:00Z",
    };
    return enrolRunner(request, { ...world.ports, compute: () => mine.compute });
  }

  async function worldWith(itsMachine: string | undefined): Promise<World> {
    const world = new World(settings);
    if (itsMachine === undefined) return world;
    const at = world.clock.now();
    const reach = { source: "api", host: "local", scope: "local", group: "", labels: ["small"] };
    const slot = { runner: "runner10", job: null };
    const launch = {
      ...{ id: "launch-1", profile: "small", reach, token: "t", state: "requested" as const, slots: [slot] },
      ...{ claimedAt: at, deadlineAt: at, replays: 0 },
    };
    const made = { compute: "ec2", launchingAt: at, launchedAt: at, bootMs: 300_000 };
    await world.ledger.createRunner(newRunner(launch, { ...slot, machine: itsMachine }, made));
    await world.ledger.saveEnrolment("runner10", { executor: "command", payload: "", handle: null }, at + 300_000);
    return world;
  }

  it("gives it its runner, and the same again to the same agent", async () => {
    const world = await worldWith(machine);
    for (let n = 0; n < 2; n += 1) {
      expect(await enrol(world)).toMatchObject({ kind: "enrolled", answer: { runner: "runner10", profile: "small" } });
    }
  });

  it("is put off, not refused, when the ledger does not know the runner yet", async () => {
    expect(await enrol(await worldWith(undefined))).toEqual({ kind: "later", answer: { retryAfterMs: 1_000 } });
  });

  it("finds the runner of a machine that does not know it, as old kinds do not see tags they got later", async () => {
    mine.imds.paths.delete("tags/instance/onejob:runner");
    expect(await enrol(await worldWith(machine))).toMatchObject({ kind: "enrolled", answer: { runner: "runner10" } });
    const others = await worldWith("i-0fedcba9876543210");
    expect(await enrol(others)).toEqual({ kind: "later", answer: { retryAfterMs: 1_000 } });
  });

  it("is refused when the runner it names has another machine", async () => {
    await expect(enrol(await worldWith("i-0fedcba9876543210"))).rejects.toMatchObject({ code: "unauthorised" });
  });

  it("is refused when it proves nothing", async () => {
    mine.sts.sessions.clear();
    await expect(enrol(await worldWith(machine))).rejects.toMatchObject({ code: "unauthorised" });
  });
});
