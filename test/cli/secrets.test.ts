/** `onejob secrets`: what nobody but SSM may hold. */
import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { FakeSsm } from "../fakes/ssm-server";
import { Terminal } from "./terminal";

const names = ["/onejob/ci-dev/secrets/gh/private-key", "/onejob/ci-dev/secrets/gh/webhook-secret"] as const;
const [keyName, secretName] = names;
const pem = generateKeyPairSync("rsa", { modulusLength: 2048 })
  .privateKey.export({ type: "pkcs8", format: "pem" })
  .toString();

describe("onejob secrets", () => {
  const ssm = new FakeSsm();
  const before = { ...process.env };
  let terminal: Terminal;
  let endpoint: string;

  beforeAll(async () => {
    endpoint = await ssm.listen();
    // The SDK reads these from its own process.
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "secret" });
  });
  afterAll(() => {
    ssm.close();
    process.env = before;
  });
  beforeEach(() => {
    terminal = new Terminal();
    terminal.env = { ...terminal.env, AWS_ENDPOINT_URL: endpoint, AWS_REGION: "us-east-1", ONEJOB_FLEET: "ci-dev" };
    ssm.stored.clear();
    ssm.asked.length = 0;
    ssm.refusal = undefined;
    const facts = JSON.stringify({ fleet: "ci-dev", secretsToFill: names });
    ssm.stored.set("/onejob/ci-dev/facts", { Name: "/onejob/ci-dev/facts", Value: facts, Type: "String" });
  });
  afterEach(() => terminal.remove());

  const file = (text: string): string => {
    const path = join(terminal.cwd, "secret");
    writeFileSync(path, text);
    return path;
  };

  it("check says what is missing and how to fill it in, and exits 1 until all are there", async () => {
    const first = await terminal.run("secrets", "check");
    expect(first).toMatchObject({ code: 1 });
    expect(first.out).toMatch(/gh\/private-key +missing/);
    expect(first.err).toContain("onejob secrets set gh/webhook-secret --fleet ci-dev");
    for (const name of names) ssm.stored.set(name, { Name: name, Value: "x", Type: "SecureString" });
    expect(await terminal.run("secrets", "check")).toMatchObject({ code: 0, err: "" });
  });

  it("check gives the same to programs, and never a value", async () => {
    ssm.stored.set(secretName, { Name: secretName, Value: "the-very-secret", Type: "SecureString" });
    const { out, code } = await terminal.run("secrets", "check", "--output", "json");
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual({
      fleet: "ci-dev",
      secrets: [
        { secret: "gh/private-key", parameter: keyName, set: false },
        { secret: "gh/webhook-secret", parameter: secretName, set: true },
      ],
    });
  });

  it("set stores a key from a file, encrypted and tagged, and replaces it the next time", async () => {
    for (let time = 0; time < 2; time += 1)
      expect(await terminal.run("secrets", "set", "gh/private-key", "--from-file", file(pem))).toMatchObject({
        code: 0,
      });
    expect(ssm.stored.get(keyName)).toMatchObject({ Value: pem.trimEnd(), Type: "SecureString" });
  });

  it("set reads standard input, without the line break behind it", async () => {
    terminal.input = "a-secret-for-webhooks\n";
    expect(await terminal.run("secrets", "set", "gh/webhook-secret")).toMatchObject({ code: 0, out: "" });
    expect(ssm.stored.get(secretName)).toMatchObject({
      Value: "a-secret-for-webhooks",
      Tags: [{ Key: "onejob:fleet", Value: "ci-dev" }],
    });
  });

  it("set --generate makes a webhook secret, and prints it once, alone", async () => {
    const { out, code } = await terminal.run("secrets", "set", "gh/webhook-secret", "--generate");
    expect(code).toBe(0);
    expect(out).toMatch(/^[0-9a-f]{64}\n$/);
    expect(ssm.stored.get(secretName)?.Value).toBe(out.trim());
  });

  it.each([
    ["an empty secret", { name: "gh/webhook-secret", value: "\n", said: /empty/ }],
    ["white space in it", { name: "gh/webhook-secret", value: "my secret", said: /white space/ }],
    [
      "a certificate for a key",
      { name: "gh/private-key", value: "-----BEGIN CERTIFICATE-----", said: /no private key/ },
    ],
    ["a token for a key", { name: "gh/private-key", value: `ghp_${"0123456789".repeat(3)}`, said: /no private key/ }],
    ["more than SSM takes", { name: "gh/webhook-secret", value: "x".repeat(4_097), said: /at most 4096 bytes/ }],
  ])("set refuses %s, before anything is stored, and does not repeat it", async (_, { name, value, said }) => {
    const { code, err } = await terminal.run("secrets", "set", name, "--from-file", file(value));
    expect(code).toBe(2);
    expect(err).toMatch(said);
    if (value.trim().length > 5) expect(err).not.toContain(value.slice(0, 30));
    expect(ssm.asked.filter((call) => call.startsWith("Put"))).toEqual([]);
  });

  it.each([
    [["set", "gh/privat-key", "--from-file", "/dev/null"], 66, /there are: gh\/private-key, gh\/webhook-secret/],
    [["set", "gh/private-key", "--from-file", "/no/such/file"], 78, /ENOENT/],
    [["set", "gh/private-key", "--generate"], 2, /only a webhook secret/],
    [["set", "gh/webhook-secret", "--generate", "--from-file", "x"], 2, /not both/],
    [["check", "--fleet", "CI DEV"], 2, /no name of a fleet/],
    [["check", "--fleet", "ci-prod"], 66, /no fleet of that name/],
  ])("%j ends with %d and says why", async (argv, code, said) => {
    const ran = await terminal.run("secrets", ...argv);
    expect(ran.code).toBe(code);
    expect(ran.err).toMatch(said);
  });

  it("asks for a fleet where none is named", async () => {
    delete terminal.env["ONEJOB_FLEET"];
    expect(await terminal.run("secrets", "check")).toMatchObject({ code: 2 });
  });

  it("exits 77 when AWS refuses, with AWS's own word for it", async () => {
    ssm.refusal = "AccessDeniedException";
    const { code, err } = await terminal.run("secrets", "check");
    expect(code).toBe(77);
    expect(err).toContain("AWS_PROFILE");
  });

  it("exits 69 when AWS cannot be reached", async () => {
    terminal.env["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9";
    expect(await terminal.run("secrets", "check")).toMatchObject({ code: 69 });
  });
});
