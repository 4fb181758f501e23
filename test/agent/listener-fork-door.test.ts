import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { copyFile, mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeForkDoor } from "../../runtime/agent/listener/fork-door";
import { temporaryFolder } from "../fixtures/temporary-folder";
import { made, openListenerBench, waitFor, writeProgram } from "./listener-bench";

interface Payload {
  readonly name: string;
  readonly event: Readonly<Record<string, unknown>>;
}

type Definition = { readonly name: string; readonly examples: readonly Payload["event"][] };
const definitions = JSON.parse(
  readFileSync(require.resolve("@octokit/webhooks-examples"), "utf8"),
) as readonly Definition[];
const examples: readonly Payload[] = definitions.flatMap(({ name, examples: events }) =>
  events.map((event) => ({ name, event })),
);
const firstOf = (name: string): Payload["event"] => examples.find((payload) => payload.name === name)?.event ?? {};

const upstream = { id: 1, full_name: "acme/widgets" };
const fork = { id: 2, full_name: "mallory/widgets" };
/** A real event, with these repositories on both sides of its pull request. */
const pull = (head: unknown, base: unknown = upstream): object => {
  const event = firstOf("pull_request");
  const request = event["pull_request"] as { head: object; base: object };
  const sides = { head: { ...request.head, repo: head }, base: { ...request.base, repo: base } };
  return { ...event, pull_request: { ...request, ...sides } };
};
const run = (head: unknown, repository: unknown = upstream): object => {
  const event = firstOf("workflow_run");
  return { ...event, repository, workflow_run: { ...(event["workflow_run"] as object), head_repository: head } };
};

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

interface Passed {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

async function through(program: readonly string[], environment: Readonly<Record<string, string>>): Promise<Passed> {
  const [command = "", ...args] = program;
  const child = spawn(command, args, { env: { PATH: process.env["PATH"], ...environment } });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve) => child.once("close", (code, signal) => resolve({ code, signal, output })));
}

/** As GitHub's worker runs its hook. `event`: what the file holds; without one there is no file. */
async function atDoor(
  name: string,
  event?: string | object,
  more: Readonly<Record<string, string>> = {},
): Promise<Passed> {
  const path = join(folder.path, "event.json");
  if (event !== undefined) await writeFile(path, typeof event === "string" ? event : JSON.stringify(event));
  const door = Object.values(await makeForkDoor(folder.path))[0] ?? "";
  return through(["sh", "-e", door], { GITHUB_EVENT_NAME: name, GITHUB_EVENT_PATH: path, ...more });
}

const refused = { code: 1, output: expect.stringMatching(/^::error title=Onejob::Onejob refuses this job: .*docker/) };
const passed = { code: 0, output: "" };

describe("the fork door", () => {
  it.each<[string, string, object]>([
    ["a pull request from a fork", "pull_request", pull(fork)],
    ["one whose fork is deleted", "pull_request", pull(null)],
    ["one whose fork has the same name, once renamed", "pull_request", pull({ ...upstream, id: 3 })],
    ["one whose base is not said", "pull_request", pull(upstream, null)],
    ["one from a fork that says no id", "pull_request", pull({ full_name: "mallory/widgets" })],
    ["a fork's pull request under the base's own workflow", "pull_request_target", pull(fork)],
    ["a review of a fork's pull request", "pull_request_review", pull(fork)],
    ["a fork's pull request under a name we do not know", "pull_request_of_tomorrow", pull(fork)],
    ["a fork's pull request under any other name", "dynamic", pull(fork)],
    ["what follows a fork's run", "workflow_run", run(fork)],
    ["what follows the run of a deleted fork", "workflow_run", run(null)],
    ["a pull request without its facts", "pull_request", { action: "opened" }],
    ["what follows a run without its facts", "workflow_run", { action: "completed" }],
    ["a pull request that is a text", "pull_request", { pull_request: "x" }],
  ])("is closed to %s", async (_, name, event) => {
    expect(await atDoor(name, event)).toMatchObject(refused);
  });

  it.each<[string, string, object]>([
    ["a pull request of the repository itself", "pull_request", pull(upstream)],
    ["one after the repository was renamed", "pull_request", pull({ ...upstream, full_name: "acme/gadgets" })],
    [
      "one that says names alone, in other letters",
      "pull_request",
      pull({ full_name: "Acme/Widgets" }, { full_name: "acme/widgets" }),
    ],
    ["what follows a run of the repository itself", "workflow_run", run(upstream)],
    ["a push", "push", firstOf("push")],
    ["a run started by hand", "workflow_dispatch", firstOf("workflow_dispatch")],
    ["a comment", "issue_comment", firstOf("issue_comment")],
    ["a schedule", "schedule", { schedule: "0 0 * * *" }],
    ["a merge queue", "merge_group", firstOf("merge_group")],
  ])("is open to %s", async (_, name, event) => {
    expect(await atDoor(name, event)).toMatchObject(passed);
  });

  it.each(["pull_request", "pull_request_target", "workflow_run", ""])(
    "is closed when the event cannot be read and may be of a fork: %j",
    async (name) => {
      expect(await atDoor(name)).toMatchObject(refused);
      expect(await atDoor(name, "{ not json")).toMatchObject(refused);
      expect(await atDoor(name, "null")).toMatchObject(refused);
    },
  );

  it("is open when the event cannot be read and is of no fork", async () => {
    expect(await atDoor("push")).toMatchObject(passed);
  });

  it("tells every real pull request by its repositories", async () => {
    const pulls = examples.filter(({ name }) => name.startsWith("pull_request") || name === "workflow_run");
    const distinct = new Map(pulls.map((payload) => [`${payload.name} ${sidesOf(payload.event).join()}`, payload]));
    expect(distinct.size).toBeGreaterThan(4);
    for (const { name, event } of distinct.values()) {
      const [one, other] = sidesOf(event);
      expect([name, (await atDoor(name, event)).code]).toEqual([name, one === other ? 0 : 1]);
    }
  });

  it("cannot be talked open by the environment of a job", async () => {
    const evil = join(folder.path, "evil.js");
    await writeFile(evil, "process.on('exit', () => process.reallyExit(0))");
    const tricks = { NODE_OPTIONS: `--require ${evil}`, why: "", node: "true", BASH_FUNC_kill: "() { :; }" };
    expect(await atDoor("pull_request", pull(fork), tricks)).toMatchObject(refused);
  });

  it("uses the runner's own Node.js where the agent's may not be run, and is closed where there is none", async () => {
    const own = process.execPath;
    process.execPath = "/root/of/somebody/else/node";
    try {
      expect(await atDoor("push", firstOf("push"))).toMatchObject(refused);
      await mkdir(join(folder.path, "externals", "node20", "bin"), { recursive: true });
      await symlink(own, join(folder.path, "externals", "node20", "bin", "node"));
      expect(await atDoor("push", firstOf("push"))).toMatchObject(passed);
      expect(await atDoor("pull_request", pull(fork))).toMatchObject(refused);
    } finally {
      process.execPath = own;
    }
  });

  it("lets the administrator's own hook run after it, and keeps the rest of that file", async () => {
    const hook = join(folder.path, "it's the administrator's.sh");
    await writeFile(hook, "echo own hook of $1 $GITHUB_EVENT_NAME; exit 3");
    const lines = ["https_proxy=http://proxy", `ACTIONS_RUNNER_HOOK_JOB_STARTED=${hook}`, "LANG=C"];
    await writeFile(join(folder.path, ".env"), lines.join("\n"));
    expect(await atDoor("push", firstOf("push"))).toMatchObject({ code: 3, output: "own hook of push\n" });
    const door = join(folder.path, "onejob-job-started.sh");
    const kept = `https_proxy=http://proxy\nLANG=C\nACTIONS_RUNNER_HOOK_JOB_STARTED=${door}\n`;
    expect(await readFile(join(folder.path, ".env"), "utf8")).toBe(kept);
  });

  it("keeps the administrator's own hook from a fork too", async () => {
    const hook = join(folder.path, "own.sh");
    await writeFile(hook, `touch ${join(folder.path, "ran")}`);
    await writeFile(join(folder.path, ".env"), `ACTIONS_RUNNER_HOOK_JOB_STARTED=${hook}\n`);
    expect(await atDoor("pull_request", pull(fork))).toMatchObject(refused);
    expect(existsSync(join(folder.path, "ran"))).toBe(false);
  });

  it("takes no link that came with the runner for its own", async () => {
    const victim = join(folder.path, "victim");
    await writeFile(victim, "untouched");
    for (const name of ["onejob-job-started.sh", "onejob-check-event.js"])
      await symlink(victim, join(folder.path, name));
    expect(await atDoor("push", firstOf("push"))).toMatchObject(passed);
    expect(readFileSync(victim, "utf8")).toBe("untouched");
  });

  it("is not made where the runner would not find it", async () => {
    const spaced = join(folder.path, "with space");
    await mkdir(spaced);
    await expect(makeForkDoor(spaced)).rejects.toMatchObject({ reason: "misconfigured" });
  });
});

describe("a refused job", () => {
  /** Any program under that name: the door knows the worker by what it executes. */
  async function asWorker(script: string): Promise<Passed> {
    await writeFile(join(folder.path, "event.json"), JSON.stringify(pull(fork)));
    const worker = join(folder.path, "Runner.Worker");
    await copyFile("/bin/sh", worker);
    const door = Object.values(await makeForkDoor(folder.path))[0] ?? "";
    const environment = { GITHUB_EVENT_NAME: "pull_request", GITHUB_EVENT_PATH: join(folder.path, "event.json") };
    // Not one of Node's own pipes, which cannot be opened by name.
    const output = join(folder.path, "output");
    const whole = `exec >>${output} 2>&1; ${script.replace("DOOR", door)}`;
    return { ...(await through([worker, "-c", whole], environment)), output: await readFile(output, "utf8") };
  }

  it("runs none of its steps, also not those that run after a failure", async () => {
    const { signal, output } = await asWorker("sh -e DOOR; echo 'a step with always()'");
    expect(signal).toBe("SIGKILL");
    expect(output).not.toContain("always()");
    expect(output.match(/comes from a fork/g)?.length).toBe(2);
  });

  it("runs none when somebody cancels it in the same moment", async () => {
    const cancel = "(sleep 0.3; kill -INT $d; kill -TERM $d) & wait $d; echo 'a step with always()'";
    const { signal, output } = await asWorker(`sh -e DOOR & d=$!; ${cancel}`);
    expect(signal).toBe("SIGKILL");
    expect(output).not.toContain("always()");
  });
});

describe("a listener on a machine that is no wall", () => {
  it.each([
    ["is given the door, outside its work folder and not to be written by others", { refusesForks: true } as const],
    ["is given none where the machine is a wall", {}],
  ])("%s", async (_, boot) => {
    const bench = await openListenerBench();
    const hook = `printf %s "$ACTIONS_RUNNER_HOOK_JOB_STARTED" > ${bench.note("hook")}; touch ${bench.note("there")}`;
    await writeProgram(bench.runner, `${hook}; ${waitFor(bench.note("go"))}`);
    const code = bench.listen({ boot });
    await made(bench.note("there"));
    const door = await readFile(bench.note("hook"), "utf8");
    expect(door).toBe("refusesForks" in boot ? join(bench.boot.jobDir, "runner", "onejob-job-started.sh") : "");
    if (door !== "") expect((await stat(door)).mode & 0o777).toBe(0o755);
    await writeFile(bench.note("go"), "");
    await code;
    await bench.close();
  });
});

function sidesOf(event: Payload["event"]): readonly unknown[] {
  type Sides = {
    readonly head?: { readonly repo?: { readonly id: unknown } };
    readonly base?: { readonly repo?: { readonly id: unknown } };
  };
  const request = event["pull_request"] as Sides | undefined;
  if (request !== undefined) return [request.head?.repo?.id, request.base?.repo?.id];
  const followed = event["workflow_run"] as { readonly head_repository?: { readonly id: unknown } };
  return [followed.head_repository?.id, (event["repository"] as { readonly id: unknown }).id];
}
