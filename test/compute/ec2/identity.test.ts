import { ec2Identity } from "../../../runtime/compute/ec2/identity";
import { facts } from "./ec2-world";
import { type IdentityWorld, identityWorld, keyId, machine, nonce, now, session, tags } from "./identity-world";
import type { SignedProof } from "../../../runtime/core/agent-protocol";

let world: IdentityWorld;
beforeEach(async () => {
  world = await identityWorld();
});
afterEach(() => world.close());

const reasons = () => world.log.lines.map(({ fields }) => fields["why"]);

describe("the identity of a machine", () => {
  it("is its instance id, with the runner its tags name", async () => {
    expect(await world.identify(await world.proof())).toEqual({ machine, runner: "small/runner10" });
    expect(world.sts.asked).toEqual(["https://sts.eu-west-1.amazonaws.com/"]);
  });

  it("is never taken from a boot token: no machine of a fleet is handed one", async () => {
    expect(await world.compute.identify({ kind: "token", token: "boot.runner10.s3cret" })).toBeUndefined();
    expect(world.sts.asked).toEqual([]);
  });

  it("is read from XML as well", async () => {
    const xml = `<GetCallerIdentityResult><UserId>AROASMALLEXAMPLE:${machine}</UserId><Account>${facts.accountId}</Account></GetCallerIdentityResult>`;
    world.sts.next = { status: 200, body: xml };
    expect(await world.identify(await world.proof())).toMatchObject({ machine });
    world.sts.next = { status: 403, body: "<Error><Code>ExpiredToken</Code></Error>" };
    expect(await world.identify(await world.proof())).toBeUndefined();
    expect(reasons()).toEqual(["STS: ExpiredToken"]);
  });

  it("is nothing that could be checked where nobody says which region it is", () => {
    const before = process.env["AWS_REGION"];
    delete process.env["AWS_REGION"];
    try {
      const options = { facts, clock: { now: () => now }, log: world.log };
      expect(() => ec2Identity(options)).toThrow(expect.objectContaining({ code: "bad-config" }));
      expect(() => ec2Identity(options)).toThrow("set AWS_REGION");
      expect(() => ec2Identity({ ...options, region: "" })).toThrow("set AWS_REGION");
    } finally {
      if (before !== undefined) process.env["AWS_REGION"] = before;
    }
  });

  it("is asked in China where China's STS is", async () => {
    const inChina = world.computeIn("cn-north-1");
    const signed = await world.proof({ region: "cn-north-1" });
    expect(await inChina.identify({ ...signed, nonce })).toMatchObject({ machine });
    expect(world.sts.asked).toEqual(["https://sts.cn-north-1.amazonaws.com.cn/"]);
  });

  it("names the runner from the tags of machines that were made together", async () => {
    world.imds.paths.delete("tags/instance/onejob:runner");
    world.imds.paths.set("tags/instance/onejob:runner:i-0000000000000000a", "runner11");
    world.imds.paths.set(`tags/instance/onejob:runner:${machine}`, "runner12");
    expect(await world.identify(await world.proof())).toEqual({ machine, runner: "small/runner12" });
  });

  it("is good without a runner as long as nobody has said whose it is", async () => {
    world.imds.paths.delete("tags/instance/onejob:runner");
    const looked = { machine, runner: null, profiles: ["small"] };
    expect(await world.identify(await world.proof())).toEqual(looked);
  });

  it.each([
    ["for another fleet", { fleet: "other" }, "STS: SignatureDoesNotMatch"],
    ["for another agent", { nonce: "nonce-of-somebody-else" }, "STS: SignatureDoesNotMatch"],
    ["for another region", { region: "us-east-1" }, "signed for another service or region"],
    ["too long ago", { at: now - 6 * 60_000 }, "too old, or the machine's clock is wrong"],
    ["in the future", { at: now + 6 * 60_000 }, "too old, or the machine's clock is wrong"],
  ])("is not taken from a proof signed %s", async (_how, wishes, why) => {
    expect(await world.identify(await world.proof(wishes))).toBeUndefined();
    expect(reasons()).toEqual([why]);
  });

  it.each([
    ["another account's", session(undefined, "210987654321"), "another account"],
    ["another role's", session(`AROAOTHEREXAMPLE:${machine}`), "not the role of this profile"],
    ["another profile's role's", session(`AROALARGEEXAMPLE:${machine}`), "not the role of this profile"],
    ["a session of no instance's", session("AROASMALLEXAMPLE:somebody"), "the session is no instance"],
    ["a user's", session("AIDAEXAMPLE"), "no session of a role"],
    ["a strange one's", session(`AROASMALLEXAMPLE:${machine}:x`), "no session of a role"],
  ])("is not taken from %s credentials", async (_whose, itsSession, why) => {
    world.sts.sessions.set(keyId, itsSession);
    expect(await world.identify(await world.proof())).toBeUndefined();
    expect(reasons()).toEqual([why]);
  });

  it("does not let a machine of one profile claim a runner of another", async () => {
    world.imds.paths.set("tags/instance/onejob:profile", "large");
    expect(await world.identify(await world.proof())).toBeUndefined();
    expect(reasons()).toEqual(["not the role of this profile"]);
  });

  it.each(["constructor", "__proto__", "nowhere"])("knows no profile %s", async (profile) => {
    world.imds.paths.set("tags/instance/onejob:profile", profile);
    expect(await world.identify(await world.proof())).toBeUndefined();
  });

  it("is not taken from a wrong secret", async () => {
    world.imds.become(machine, tags, "another-secret");
    expect(await world.identify(await world.proof())).toBeUndefined();
    expect(reasons()).toEqual(["STS: SignatureDoesNotMatch"]);
  });

  const spoiled: readonly (readonly [string, (good: SignedProof) => Partial<SignedProof>])[] = [
    [
      "without one of the signed headers",
      (good) => ({ authorization: good.authorization.replace(";x-onejob-nonce", "") }),
    ],
    [
      "with more signed headers",
      (good) => ({ authorization: good.authorization.replace("content-type;", "content-type;evil;") }),
    ],
    ["of another service", (good) => ({ authorization: good.authorization.replace("/sts/", "/iam/") })],
    ["of another algorithm", (good) => ({ authorization: good.authorization.replace("AWS4-HMAC", "AWS4-ECDSA") })],
    ["with a line break", (good) => ({ authorization: `${good.authorization}\r\nhost: evil` })],
    ["with an address", () => ({ authorization: "https://evil.example/" })],
    ["of another day", (good) => ({ authorization: good.authorization.replace("/20261121/", "/20261120/") })],
    ["without a date", () => ({ date: "yesterday" })],
    [
      "on the 31st of February",
      (good) => ({ date: "20260231T120000Z", authorization: good.authorization.replace("20261121", "20260231") }),
    ],
    ["with a session token that ends a header", (good) => ({ sessionToken: `${good.sessionToken}\r\nx: y` })],
    ["without a session token", () => ({ sessionToken: "" })],
  ];
  it.each(spoiled)("is not looked for in a proof %s, and STS is not asked", async (_how, spoil) => {
    const good = await world.proof();
    expect(await world.identify({ ...good, ...spoil(good) })).toBeUndefined();
    expect(world.sts.asked).toEqual([]);
  });

  it("leaves no value of a header in the log", async () => {
    const good = await world.proof({ fleet: "other" });
    await world.identify(good);
    await world.identify({ ...good, authorization: `${good.authorization} ` });
    const said = JSON.stringify(world.log.lines);
    for (const value of [good.sessionToken, keyId, good.authorization.slice(-64)]) expect(said).not.toContain(value);
  });

  it.each([
    ["gives no answer", "no answer" as const],
    ["fails", { status: 500, body: "" }],
    ["has too much to do", { status: 429, body: "" }],
    ["throttles", { status: 400, body: JSON.stringify({ Error: { Code: "Throttling" } }) }],
    ["says what makes no sense", { status: 200, body: "<html>" }],
    ["says too little", { status: 200, body: JSON.stringify({ GetCallerIdentityResponse: {} }) }],
  ])("is neither taken nor refused when STS %s", async (_how, next) => {
    world.sts.next = next;
    await expect(world.identify(await world.proof())).rejects.toThrow("an identity could not be checked");
    expect(world.log.lines).toEqual([]);
  });
});
