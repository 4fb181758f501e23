/** Whoever may not ask a fleet, or cannot, is told why and what to do; nothing but that is said. */
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../cli/terminal";
import { CliWorld } from "./cli-world";
import { useMoto } from "./fleet-world";
import { captured } from "./lines";

const url = useMoto();
captured();

let made: CliWorld;
let before: NodeJS.ProcessEnv;
beforeAll(async () => (made = await CliWorld.open(url())));
afterAll(() => made.close());
beforeEach(() => {
  before = { ...process.env };
  made.door.region = "eu-west-1";
  made.door.asked.length = 0;
  made.door.callers.clear();
  made.door.callers.set("testing", { secret: "testing" });
});
afterEach(() => {
  process.env = before;
});

interface Case {
  readonly who: string;
  readonly change: () => void;
  readonly code: number;
  readonly said: RegExp;
}

const caller = (changes: object): void => void made.door.callers.set("testing", { secret: "testing", ...changes });
const nowhere = (): void => {
  for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]) delete process.env[name];
  Object.assign(process.env, { AWS_CONFIG_FILE: "/dev/null", AWS_SHARED_CREDENTIALS_FILE: "/dev/null" });
};

const cases: readonly Case[] = [
  { who: "has no credentials", change: nowhere, code: 77, said: /none by profile default.*aws sso login/s },
  {
    who: "has expired credentials",
    change: () => caller({ expiresAt: 1 }),
    code: 77,
    said: /have expired.*log in again/s,
  },
  { who: "has a token nobody knows", change: () => caller({ sessionToken: "x" }), code: 77, said: /does not know/ },
  { who: "has a wrong secret key", change: () => caller({ secret: "other" }), code: 77, said: /secret access key/ },
  {
    who: "may not call the function",
    change: () => caller({ allowed: false }),
    code: 77,
    said: /InvokedViaFunctionUrl/,
  },
  { who: "is of another account", change: () => caller({ account: "210987654321" }), code: 77, said: /own account/ },
  {
    who: "signs for another region",
    change: () => void (made.door.region = "eu-north-1"),
    code: 77,
    said: /AWS_REGION/,
  },
  {
    who: "meets a busy function",
    change: () => made.door.faults.push({ status: 429, body: "" }),
    code: 69,
    said: /in a moment/,
  },
  {
    who: "meets a broken function",
    change: () => made.door.faults.push({ status: 502, body: "<html>" }),
    code: 69,
    said: /log group/,
  },
];

it("asks for credentials again while it follows for long, and reads the fleet's facts once", async () => {
  nowhere();
  const { terminal, door, fleet } = made;
  const count = join(terminal.folder, "count");
  const program = join(terminal.folder, "credentials");
  // They hold for a minute: less than the SDK wants to have left.
  writeFileSync(
    program,
    `#!${process.execPath}
const { appendFileSync, readFileSync } = require("node:fs");
appendFileSync(${JSON.stringify(count)}, "x");
const n = readFileSync(${JSON.stringify(count)}).length;
const Expiration = new Date(Date.now() + 60_000).toISOString();
console.log(JSON.stringify({ Version: 1, AccessKeyId: "key-" + n, SecretAccessKey: "s", Expiration }));
`,
  );
  chmodSync(program, 0o700);
  const config = join(terminal.folder, "config");
  writeFileSync(config, `[default]\nregion = eu-west-1\ncredential_process = ${program}\n`);
  process.env["AWS_CONFIG_FILE"] = config;
  for (let n = 1; n < 200; n += 1) door.callers.set(`key-${n}`, { secret: "s" });
  const key = await fleet.submit({ command: ["make"] });
  const running = terminal.run("logs", "-f", key);
  await until(() => door.asked.length >= 4);
  for (let n = 1; n < 3; n += 1) door.callers.delete(`key-${n}`);
  await fleet.api({ path: `/api/v1/jobs/${encodeURIComponent(key)}/cancel` });
  expect(await running).toMatchObject({ code: 0, err: "" });
});

it.each(cases)("who $who is told so", async ({ change, code, said }) => {
  change();
  const ran = await made.terminal.run("list");
  expect(ran).toMatchObject({ code, out: "" });
  expect(ran.err).toMatch(said);
  expect(ran.err).not.toMatch(/token-file|onejob serve|at .*\.ts:/);
});

const elsewhere = { AWS_REGION: "eu-north-1" };
const dead = { AWS_ENDPOINT_URL: "http://127.0.0.1:9" };
it.each([
  { what: "a fleet that is not there", argv: ["--fleet", "other"], env: {}, code: 66, said: /other in eu-west-1/ },
  { what: "a fleet of another region", argv: [], env: elsewhere, code: 66, said: /in eu-north-1/ },
  { what: "no name of a fleet", argv: ["--fleet", "No Name"], env: {}, code: 2, said: /no name of a fleet/ },
  { what: "a fleet and a server", argv: ["--fleet", "x", "--url", "http://x"], env: {}, code: 2, said: /contradict/ },
  { what: "AWS where nothing listens", argv: [], env: dead, code: 69, said: /AWS cannot be reached/ },
])("who names $what is told so", async ({ argv, env, code, said }) => {
  const { terminal } = made;
  const own = terminal.env;
  terminal.env = { ...own, ...env };
  const ran = await terminal.run("list", ...argv);
  terminal.env = own;
  expect(ran).toMatchObject({ code, out: "" });
  expect(ran.err).toMatch(said);
});

describe("onejob doctor", () => {
  beforeEach(() => made.world.messages());
  const asked = async (): Promise<Record<string, boolean>> => {
    const { out, code } = await made.terminal.run("doctor", "--output", "json");
    const { ok, checks } = JSON.parse(out) as { ok: boolean; checks: { id: string; ok: boolean }[] };
    expect(code).toBe(ok ? 0 : 1);
    return Object.fromEntries(checks.map((check) => [check.id, check.ok]));
  };
  const all = { node: true, aws: true, fleet: true, api: true, version: true, secrets: true, "dead-letters": true };

  it("finds nothing wrong with a fleet that is well", async () => {
    expect(await asked()).toEqual(all);
  });

  it("finds out who may not call the function", async () => {
    caller({ allowed: false });
    expect(await asked()).toEqual({ ...all, api: false });
  });

  it("finds out who has no credentials, and tells nothing of this machine's own server", async () => {
    nowhere();
    expect(await asked()).toEqual({
      ...all,
      aws: false,
      fleet: false,
      api: false,
      secrets: false,
      "dead-letters": false,
    });
  });

  it("finds out that there is no such fleet", async () => {
    const { code, out } = await made.terminal.run("doctor", "--fleet", "other");
    expect(code).toBe(1);
    expect(out).toMatch(/✓ aws.*✗ fleet: no fleet of that name.*pulumi stack output/s);
  });

  it("finds messages that were put aside", async () => {
    // The fleet's own queue stands for that of its dead letters here.
    await made.world.queue.send([{ kind: "plan", profile: "small" }]);
    expect(await asked()).toEqual({ ...all, "dead-letters": false });
  });

  it("finds secrets that are missing", async () => {
    await made.tell({ secretsToFill: ["/onejob/x/secrets/gh/token"] });
    expect(await asked()).toEqual({ ...all, secrets: false });
    await made.tell({});
  });
});

it("whoever names no region is asked for it", async () => {
  const { terminal } = made;
  const own = terminal.env;
  delete process.env["AWS_REGION"];
  Object.assign(process.env, { AWS_CONFIG_FILE: "/dev/null" });
  terminal.env = { ...own, AWS_REGION: "" };
  const ran = await terminal.run("list");
  terminal.env = own;
  expect(ran).toMatchObject({ code: 2 });
  expect(ran.err).toContain("AWS_REGION");
});

it("signs with the session token of who has one, and shows nothing of it with --debug", async () => {
  process.env["AWS_SESSION_TOKEN"] = "a-token/of+the==session";
  caller({ sessionToken: "a-token/of+the==session" });
  const ran = await made.terminal.run("list", "--debug");
  expect(ran).toMatchObject({ code: 0 });
  expect(ran.err).not.toContain("a-token");
});
