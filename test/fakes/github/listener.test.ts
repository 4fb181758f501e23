import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FakeGitHub, makeRunnerFolder } from ".";
import { temporaryFolder } from "../../fixtures/temporary-folder";
import { ask, jitConfig } from "./rest-client";

let fake: FakeGitHub;
let token: string;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeEach(async () => {
  fake = await new FakeGitHub().start();
  fake.addRepository("acme/widgets");
  token = fake.addToken({ kind: "classic", scopes: ["repo"] });
  folder = await temporaryFolder();
  await makeRunnerFolder(folder.path);
});
afterEach(async () => {
  await fake.stop();
  await folder.remove();
});

interface Ended {
  readonly code: number | null;
  readonly text: string;
}

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

function start(args: readonly string[], env: Readonly<Record<string, string>>): Started {
  const child = spawn(join(folder.path, "bin/Runner.Listener"), args, {
    cwd: folder.path,
    env: { PATH: process.env.PATH ?? "", ...env },
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (text += String(chunk)));
  const ended = new Promise<Ended>((resolve) => child.once("close", (code) => resolve({ code, text })));
  return { child, ended };
}

async function startWithJit(env: Readonly<Record<string, string>> = {}): Promise<Started> {
  return start(["run"], { ACTIONS_RUNNER_INPUT_JITCONFIG: await jitConfig(fake, { token, name: "one" }), ...env });
}

/** A dead process that nobody has asked about yet is not running. */
function isRunning(pid: string): boolean {
  return existsSync(`/proc/${pid}/stat`) && !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
}

const here = (name: string) => join(folder.path, name);
const online = () => fake.when(() => fake.runners[0]?.online === true);

describe("the stand-in listener", () => {
  it("runs one job as the real one does, and leaves", async () => {
    const job = fake.queueJob("acme/widgets", {
      name: "build",
      fork: "mallory/widgets",
      script: 'pwd; env; cat "$GITHUB_EVENT_PATH"; ls -a ../../..',
      env: { COLOUR: "blue" },
    });
    const { ended } = await startWithJit({ ACTIONS_RUNNER_PRINT_LOG_TO_STDOUT: "1" });
    const { code, text } = await ended;
    expect({ code, conclusion: job.conclusion }).toEqual({ code: 0, conclusion: "success" });
    expect(text.replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/g, "<time>").split("\n")).toEqual(
      expect.arrayContaining([
        "√ Connected to GitHub",
        "Current runner version: '2.338.0'",
        "<time>: Listening for Jobs",
        "<time>: Running job: build",
        "<time>: Job build completed with result: Succeeded",
        here("_work/widgets/widgets"),
        "COLOUR=blue",
        "GITHUB_REPOSITORY=acme/widgets",
        `GITHUB_RUN_ID=${job.run.id}`,
        "GITHUB_EVENT_NAME=pull_request",
        "RUNNER_NAME=one",
      ]),
    );
    expect(text).toContain('"full_name":"mallory/widgets"');
    expect(text).not.toContain("ACTIONS_RUNNER_INPUT");
    expect(fake.runners).toEqual([]);
    expect(existsSync(here(".runner"))).toBe(false);
    expect(readdirSync(here("_diag")).map((name) => name.split("_")[0])).toEqual(["Runner", "Worker"]);
  });

  it("tells a failed script", async () => {
    const job = fake.queueJob("acme/widgets", { script: "true\nfalse\ntouch never" });
    const { ended } = await startWithJit();
    expect(await ended).toMatchObject({ code: 0, text: expect.stringContaining("with result: Failed") as string });
    expect(job.conclusion).toBe("failure");
    expect(existsSync(here("_work/widgets/widgets/never"))).toBe(false);
  });

  it("runs the hook before the job, with the job's variables, and fails the job when the hook does", async () => {
    const hook = here("started.sh");
    writeFileSync(hook, `echo "$GITHUB_REPOSITORY $GITHUB_RUN_ID" > ${here("seen")}\nexit 3\n`);
    const job = fake.queueJob("acme/widgets", { script: "touch ran" });
    const { ended } = await startWithJit({ ACTIONS_RUNNER_HOOK_JOB_STARTED: hook });
    expect(await ended).toMatchObject({ code: 0 });
    expect(readFileSync(here("seen"), "utf8")).toBe(`acme/widgets ${job.run.id}\n`);
    expect(job.conclusion).toBe("failure");
    expect(existsSync(here("_work/widgets/widgets/ran"))).toBe(false);
  });

  it.each(["SIGTERM", "SIGINT"] as const)("leaves in order on %s while it waits", async (signal) => {
    const { child, ended } = await startWithJit();
    await online();
    child.kill(signal);
    expect(await ended).toMatchObject({ code: 0 });
    expect(fake.runners).toMatchObject([{ online: false }]);
  });

  it("cancels its job on SIGTERM, everything that it started included, and says so", async () => {
    const job = fake.queueJob("acme/widgets", { script: `sh -c 'echo $$ > ${here("pid")}; exec sleep 60' & wait` });
    const { child, ended } = await startWithJit();
    await fake.when(() => job.status === "in_progress");
    while (!existsSync(here("pid"))) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill("SIGTERM");
    expect(await ended).toMatchObject({ code: 0, text: expect.stringContaining("with result: Canceled") as string });
    expect(job.conclusion).toBe("cancelled");
    expect(isRunning(readFileSync(here("pid"), "utf8").trim())).toBe(false);
  });

  it("stops its job when the run is cancelled at the forge", async () => {
    const job = fake.queueJob("acme/widgets", { script: "sleep 60" });
    const { ended } = await startWithJit();
    await fake.when(() => job.status === "in_progress");
    fake.cancelRun(job.run);
    expect(await ended).toMatchObject({ code: 0 });
    expect(job.conclusion).toBe("cancelled");
  });

  it("ends when its registration is taken back", async () => {
    const { ended } = await startWithJit();
    await online();
    const path = `/repos/acme/widgets/actions/runners/${fake.runners[0]?.id}`;
    expect(await ask(fake, `DELETE ${path}`, { token })).toMatchObject({ status: 204 });
    expect(await ended).toMatchObject({ code: 0 });
  });

  const deprecated = "ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE";
  it.each([
    { what: "version is too old", fault: "deprecated", env: { [deprecated]: "1" }, code: 7, says: "is deprecated" },
    {
      what: "version is too old and nobody asked for the code",
      fault: "deprecated",
      env: {},
      code: 1,
      says: "is deprecated",
    },
    { what: "start is refused", fault: "terminated", env: {}, code: 1, says: "An error occurred" },
  ] as const)("exits with $code when its $what", async ({ fault, env, code, says }) => {
    fake.listenerFault = fault;
    const { ended } = await startWithJit(env);
    expect(await ended).toMatchObject({ code, text: expect.stringContaining(says) as string });
  });

  it("exits with 5 when another one has its configuration, and with 1 when it is gone", async () => {
    const config = await jitConfig(fake, { token, name: "one" });
    const first = start(["run"], { ACTIONS_RUNNER_INPUT_JITCONFIG: config });
    await online();
    const second = start(["run"], { ACTIONS_RUNNER_INPUT_JITCONFIG: config });
    expect(await second.ended).toMatchObject({ code: 5, text: expect.stringContaining("already exists") as string });
    await ask(fake, `DELETE /repos/acme/widgets/actions/runners/${fake.runners[0]?.id}`, { token });
    await first.ended;
    const third = start(["run"], { ACTIONS_RUNNER_INPUT_JITCONFIG: config });
    expect(await third.ended).toMatchObject({ code: 1, text: expect.stringContaining("has been deleted") as string });
  });

  it("refuses secrets in its arguments, and to run unconfigured", async () => {
    const config = await jitConfig(fake, { token, name: "one" });
    for (const args of [
      ["run", "--jitconfig", config],
      ["run", `--jitconfig=${config}`],
      ["configure", "--token", "T"],
      ["run"],
    ]) {
      expect(await start(args, {}).ended).toMatchObject({ code: 1 });
    }
    expect(fake.runners).toMatchObject([{ online: false }]);
  });
});

describe("a listener configured with a registration token", () => {
  const inputs = async () => {
    const { body } = await ask(fake, "POST /repos/acme/widgets/actions/runners/registration-token", { token });
    return {
      ACTIONS_RUNNER_INPUT_TOKEN: String(body.token),
      ACTIONS_RUNNER_INPUT_URL: `${fake.url}/acme/widgets`,
      ACTIONS_RUNNER_INPUT_NAME: "old",
      ACTIONS_RUNNER_INPUT_LABELS: "gpu,fast",
      ACTIONS_RUNNER_INPUT_UNATTENDED: "true",
      ACTIONS_RUNNER_INPUT_EPHEMERAL: "true",
    };
  };

  it("is registered with the default labels and its own, and then takes one job", async () => {
    const { ended } = start(["configure"], await inputs());
    expect(await ended).toMatchObject({
      code: 0,
      text: expect.stringContaining("√ Runner successfully added") as string,
    });
    expect(fake.runners).toMatchObject([
      { name: "old", ephemeral: true, labels: ["self-hosted", "Linux", "X64", "gpu", "fast"] },
    ]);
    const job = fake.queueJob("acme/widgets", { labels: ["gpu"] });
    expect(await start(["run"], {}).ended).toMatchObject({ code: 0 });
    expect(job.conclusion).toBe("success");
    expect(fake.runners).toEqual([]);
    expect(existsSync(here(".credentials"))).toBe(false);
  });

  it.each([
    ["a wrong token", { ACTIONS_RUNNER_INPUT_TOKEN: "WRONG" }],
    ["the address of another repository", { ACTIONS_RUNNER_INPUT_URL: "http://127.0.0.1/acme/other" }],
    ["no token", { ACTIONS_RUNNER_INPUT_TOKEN: "" }],
    ["nobody to ask", { ACTIONS_RUNNER_INPUT_UNATTENDED: "" }],
  ])("is refused with %s", async (_, wrong: Readonly<Record<string, string>>) => {
    const url = wrong.ACTIONS_RUNNER_INPUT_URL?.replace("http://127.0.0.1", fake.url);
    const env = { ...(await inputs()), ...wrong, ...(url === undefined ? {} : { ACTIONS_RUNNER_INPUT_URL: url }) };
    expect(await start(["configure"], env).ended).toMatchObject({ code: 1 });
    expect(fake.runners).toEqual([]);
    expect(existsSync(here(".runner"))).toBe(false);
  });

  it("is refused under a name that is in use", async () => {
    const env = await inputs();
    await jitConfig(fake, { token, name: "old" });
    const { ended } = start(["configure", "--unattended", "--ephemeral"], env);
    expect(await ended).toMatchObject({
      code: 1,
      text: expect.stringContaining("A runner exists with the same name") as string,
    });
  });
});
