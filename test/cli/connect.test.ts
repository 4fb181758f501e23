/** `onejob connect`: a shell where the profile allows it, by the user's own programs and rights. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "./terminal";
import type { FleetDesk } from "./fleet-desk";
import { onFleet, someRunner } from "./fleet-desk";

const machine = "i-0123456789abcdef0";
const session = { SessionId: "who-1", TokenValue: "the-very-token", StreamUrl: "wss://ssmmessages.example/1" };
const plugin = "session-manager-plugin";

describe("onejob connect", () => {
  let desk: FleetDesk;
  let folder: string;
  onFleet((made) => void (desk = made));
  beforeEach(() => {
    folder = join(desk.terminal.folder, "bin");
    mkdirSync(folder);
    desk.terminal.env = { ...desk.terminal.env, PATH: folder };
    desk.profile("small", { connect: "ssm" });
    runners(someRunner());
  });

  const runners = (...items: readonly object[]) => void desk.api.answers.set("GET /api/v1/runners", { items });
  const run = (...args: readonly string[]) => desk.terminal.run("connect", ...args);
  /** Notes how it was called, and ends with the code. */
  const program = (name: string, { version = "1.2.553.0", script = "exit 0" } = {}): void => {
    const path = join(folder, name);
    const notes = `printf '%s\\n' "$@" >${path}.args; printf '%s' "$AWS_SSM_START_SESSION_RESPONSE" >${path}.session`;
    writeFileSync(path, `#!/bin/sh\n[ "$1" = --version ] && echo ${version} && exit 0\n${notes}\n${script}\n`);
    chmodSync(path, 0o755);
  };
  const called = (name: string): string[] =>
    readFileSync(join(folder, `${name}.args`), "utf8")
      .trimEnd()
      .split("\n");
  const isCalled = (name: string): boolean => existsSync(join(folder, `${name}.args`));

  it.each(["4k2jab", "onejob-4k2jab", "onejob-4k2", "gh/github.com/7"])("finds the machine of %s", async (wanted) => {
    program(plugin);
    program("aws");
    desk.api.addJob({ key: "gh/github.com/7", id: "7", state: "running", runner: "4k2jab" });
    const { code, err } = await run(wanted);
    expect(code).toBe(0);
    expect(called("aws")).toEqual(["ssm", "start-session", "--target", machine, "--region", "eu-west-1"]);
    expect(err).toContain("secrets included");
  });

  it("without the aws program asks for the session itself, whose token is in no argument", async () => {
    program(plugin);
    desk.ssm.answers.set("StartSession", session);
    expect((await run("4k2jab")).code).toBe(0);
    expect(called(plugin)).toEqual([
      ...["AWS_SSM_START_SESSION_RESPONSE", "eu-west-1", "StartSession", ""],
      JSON.stringify({ Target: machine }),
      desk.terminal.env["AWS_ENDPOINT_URL_SSM"],
    ]);
    expect(JSON.parse(readFileSync(join(folder, `${plugin}.session`), "utf8"))).toEqual(session);
    expect(desk.ssm.asked).toContain(`StartSession ${machine}`);
  });

  it("ends as the session does, and says what a refusal of AWS may mean", async () => {
    program(plugin);
    program("aws", { script: "exit 254" });
    const { code, err } = await run("4k2jab");
    expect(code).toBe(254);
    expect(err).toContain("about a minute after its boot");
  });

  it("tells a shell that was killed from one that ended", async () => {
    program(plugin);
    program("aws", { script: "kill -TERM $$" });
    expect((await run("4k2jab")).code).toBe(143);
  });

  it("leaves Ctrl-C to what runs in the shell", async () => {
    program(plugin);
    const go = join(folder, "go");
    program("aws", { script: `while [ -d ${folder} ] && ! [ -e ${go} ]; do /bin/sleep 0.02; done; exit 5` });
    const shell = run("4k2jab");
    await until(() => isCalled("aws"));
    expect(desk.terminal.hearsCtrlC).toBe(true);
    desk.terminal.pressCtrlC();
    writeFileSync(go, "");
    expect((await shell).code).toBe(5);
    expect(desk.terminal.hearsCtrlC).toBe(false);
  });

  it("refuses where the profile lets nobody in, and says what to set", async () => {
    program(plugin);
    program("aws");
    desk.profile("small", {});
    const { code, err } = await run("4k2jab");
    expect(code).toBe(77);
    expect(err).toContain("profile small");
    expect(err).toContain("connect: ssm");
    expect(isCalled("aws")).toBe(false);
  });

  it.each([
    ["a runner without a machine", { state: "requested", machine: null, job: null }, "has none yet"],
    ["a runner that is being ended", { state: "stopping" }, "is being ended"],
  ])("has no machine for %s", async (_, facts, words) => {
    runners(someRunner(facts));
    const { code, err } = await run("4k2jab");
    expect(code).toBe(1);
    expect(err).toContain(words);
  });

  it.each([
    ["completed", "has ended (completed)"],
    ["queued", "is queued, and has no runner yet"],
  ] as const)("has no machine for a job that is %s", async (state, words) => {
    runners();
    desk.api.addJob({ key: "gh/github.com/8", id: "8", state, runner: null });
    const { code, err } = await run("gh/github.com/8");
    expect(code).toBe(1);
    expect(err).toContain(words);
  });

  it("exits 66 for what is neither job nor runner", async () => {
    expect((await run("nobody")).code).toBe(66);
  });

  it("says what to install before it asks for anything", async () => {
    program("aws");
    const { code, err } = await run("4k2jab");
    expect(code).toBe(1);
    expect(err).toContain("session-manager-working-with-install-plugin.html");
    expect(isCalled("aws")).toBe(false);
  });

  it("wants a newer plugin rather than a token that everybody on the machine can read", async () => {
    program(plugin, { version: "1.2.497.0" });
    const { code, err } = await run("4k2jab");
    expect(code).toBe(1);
    expect(err).toContain("a newer session-manager-plugin than 1.2.497.0");
    expect(desk.ssm.asked).not.toContain(`StartSession ${machine}`);
  });

  it("says in AWS's words why there is no session", async () => {
    program(plugin);
    desk.ssm.answers.set("StartSession", { __type: "TargetNotConnected", message: `${machine} is not connected.` });
    const { code, err } = await run("4k2jab");
    expect(code).toBe(77);
    expect(err).toContain(`${machine} is not connected.`);
  });

  it("closes a session that no plugin takes over", async () => {
    // Gone as soon as it has said its version.
    writeFileSync(join(folder, plugin), `#!/bin/sh\necho 1.2.553.0\n/bin/rm "$0"\n`);
    chmodSync(join(folder, plugin), 0o755);
    desk.ssm.answers.set("StartSession", session);
    desk.ssm.answers.set("TerminateSession", {});
    expect((await run("4k2jab")).code).toBe(1);
    expect(desk.ssm.asked).toContain("TerminateSession who-1");
  });

  it("takes a plugin that cannot be started for none", async () => {
    writeFileSync(join(folder, plugin), "#!/no/such/shell\n");
    chmodSync(join(folder, plugin), 0o755);
    const { code, err } = await run("4k2jab");
    expect(code).toBe(1);
    expect(err).toContain("session-manager-working-with-install-plugin.html");
  });

  it("is a usage error without a fleet", async () => {
    desk.terminal.env = { ...desk.terminal.env, ONEJOB_FLEET: "" };
    const { code, err } = await run("4k2jab");
    expect(code).toBe(2);
    expect(err).toContain("--fleet NAME");
  });
});
