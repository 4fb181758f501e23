/** An agent whose executor is a listener: a folder with a stand-in for GitHub's program, and the orders to run it. */
import { existsSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { AgentBoot, ListenerCredential, ListenerOrders } from "../../runtime/core/agent-protocol";
import { defaultOptions } from "../../runtime/agent/options";
import type { AgentOptions } from "../../runtime/agent/options";
import { fakeRunner } from "../fakes/agent-server";
import { openBench } from "./agent-bench";
import type { Bench } from "./agent-bench";

export interface ListenerBench extends Bench {
  /** Where the stand-in is. */
  readonly runner: string;
  /** Starts the agent with orders to listen; resolves with its exit code. */
  listen(wishes?: ListenWishes): Promise<number>;
  /** Written to by scripts, looked at by tests; outside the machine's own folders. */
  note(name: string): string;
  types(): readonly string[];
}

export interface ListenWishes {
  readonly orders?: Partial<ListenerOrders>;
  readonly options?: Partial<AgentOptions>;
  readonly boot?: Partial<AgentBoot>;
  readonly notice?: AbortSignal;
}

export const jitConfig = Buffer.from(JSON.stringify({ ".runner": "c2VjcmV0IG9mIHRoZSBydW5uZXI=" })).toString("base64");
export const jit: ListenerCredential = { kind: "jit", config: jitConfig };

/** Never said to listen only because it lives. */
export const patient = { listenerQuietMs: 600_000 };

/** Shell: what GitHub's program says, and what it does while it waits. */
export const listens = "echo '2026-01-01 00:00:00Z: Listening for Jobs'";
export const hasJob = "echo '2026-01-01 00:00:00Z: Running job: build'";
export const forever = "while :; do sleep 0.05; done";

export async function openListenerBench(
  script = "exit 0",
  user?: { readonly uid: number; readonly gid: number },
): Promise<ListenerBench> {
  const bench = await openBench({}, user);
  const runner = join(bench.folder, "actions-runner");
  await writeProgram(runner, script);
  const listen: ListenerBench["listen"] = ({ orders = {}, options = {}, boot = {}, notice } = {}) => {
    const payload = JSON.stringify({ credential: jit, runner: { path: runner }, ...orders });
    bench.server.plan("enrol", { status: 200, body: enrolmentOf(payload) });
    const install = { ...defaultOptions.install, ...options.install };
    return bench.run({ listenerQuietMs: 10, ...options, install }, notice === undefined ? {} : { notice }, boot);
  };
  const types = (): string[] => bench.server.events.map(({ type }) => type);
  return { ...bench, runner, listen, note: (name) => join(bench.folder, name), types };
}

/** A shell script in the place of GitHub's program. */
export async function writeProgram(runner: string, script: string): Promise<void> {
  await mkdir(join(runner, "bin"), { recursive: true });
  const program = join(runner, "bin", "Runner.Listener");
  await writeFile(program, `#!/bin/sh\n${script}\n`);
  await chmod(program, 0o755);
}

export function enrolmentOf(payload: string): object {
  const executor = { kind: "github", payload };
  return { runner: fakeRunner, profile: "default", lease: "lease-of-the-runner", executor, heartbeatMs: 10_000 };
}

/** Shell: waits until the test has made this file. */
export function waitFor(path: string): string {
  return `until [ -e '${path}' ]; do sleep 0.02; done`;
}

/** Resolves once the script has made this file. */
export async function made(path: string): Promise<void> {
  while (!existsSync(path)) await new Promise((resolve) => setTimeout(resolve, 10));
}
