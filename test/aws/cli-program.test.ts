/** The built program as people run it, against a fleet. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { until } from "../cli/terminal";
import { CliWorld } from "./cli-world";
import { useMoto } from "./fleet-world";
import { captured } from "./lines";

const program = join(__dirname, "../../dist/runtime/cli/main.js");
const url = useMoto();
captured();

let made: CliWorld;
beforeAll(async () => (made = await CliWorld.open(url())));
afterAll(() => made.close());

function start(argv: readonly string[], changes: Readonly<Record<string, string>> = {}) {
  const { env, cwd, folder } = made.terminal;
  const aws = { AWS_ACCESS_KEY_ID: "testing", AWS_SECRET_ACCESS_KEY: "testing", AWS_EC2_METADATA_DISABLED: "true" };
  const child = spawn(process.execPath, [program, ...argv], {
    cwd,
    env: { PATH: process.env["PATH"], HOME: folder, ...env, ...aws, ...changes },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { child, ended: ended.then(([out, err, [code]]) => ({ out, err, code: code as number })) };
}

it("says nothing but what it was asked for, on any Node", async () => {
  const { ended } = start(["list", "--quiet", "--output", "json"]);
  expect(await ended).toEqual({
    code: 0,
    err: "",
    out: `${JSON.stringify({ items: [], nextCursor: null }, null, 2)}\n`,
  });
});

it("loads what knows AWS only where a fleet is named", async () => {
  const debug = { NODE_DEBUG: "module" };
  const [fleet, server] = [start(["list"], debug), start(["list"], { ...debug, ONEJOB_FLEET: "" })];
  expect((await fleet.ended).err).toContain("fleet/parameters");
  const { err, code } = await server.ended;
  expect(code).toBe(69);
  expect(err).toContain("cli/commands/list");
  expect(err).not.toContain("fleet/parameters");
});

it("cancels the job it submitted on SIGINT, waits for its end, and exits 130", async () => {
  made.door.asked.length = 0;
  const { child, ended } = start(["submit", "--", "make"]);
  await until(() => made.door.asked.some((asked) => asked.includes("/logs")));
  child.kill("SIGINT");
  const { code, out, err } = await ended;
  expect([code, out]).toEqual([130, ""]);
  expect(err).toMatch(/cancelling the job.*was cancelled/s);
});
