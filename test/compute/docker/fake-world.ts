/** The compute over a fake engine, with a small file in the place of the agent. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type DockerCompute, type DockerOptions, dockerCompute } from "../../../runtime/compute/docker/index";
import type { LaunchRequest, Log, LogFields } from "../../../runtime/core/ports";
import type { DockerComputeSettings, ProfileSettings } from "../../../runtime/core/settings";
import type { ComputeWorld } from "../../contract/compute.contract";
import { FakeEngine } from "./fake-engine";
import type { FakeContainer } from "./fake-engine-state";

export const image = "debian:12";

export interface FakeWorld extends ComputeWorld {
  readonly engine: FakeEngine;
  readonly compute: DockerCompute;
  readonly options: DockerOptions;
  /** The profiles in force; may be changed. */
  readonly profiles: ProfileSettings[];
  readonly clock: { nowMs: number };
  readonly logged: { readonly sentence: string; readonly fields: LogFields }[];
  readonly exits: string[];
  request(...runners: readonly string[]): LaunchRequest;
  /** Another server process over the same data folder, or as `changed` says. */
  again(changed?: Partial<DockerOptions>): DockerCompute;
  container(runner: string): FakeContainer;
}

export interface WorldOptions extends Partial<DockerOptions> {
  readonly settings?: Partial<DockerComputeSettings>;
  readonly limits?: Partial<ProfileSettings["limits"]>;
  /** The engine runs on our kind of machine, so that it is brought our Node as well: a hundred megabytes. */
  readonly native?: true;
}

export function profileOf(name: string, settings: Partial<DockerComputeSettings>): ProfileSettings {
  return {
    name,
    labels: [name],
    compute: {
      ...{ kind: "docker", image, socket: null, pull: "missing", registry: null },
      ...{ network: null, user: null, serverUrl: null },
      ...settings,
    },
    limits: { maxRunners: 8, memoryMiB: null, cpus: null },
    timeouts: { bootMs: 1_000, idleMs: 1_000, jobMs: 1_000, queuedMs: 1_000, waitingMs: 1_000 },
    priority: 0,
  };
}

/** As Docker names it. */
const nativeArch = process.arch === "x64" ? "x86_64" : "aarch64";

export async function fakeWorld(given: WorldOptions = {}): Promise<FakeWorld> {
  const { settings, limits, native, ...overrides } = given;
  const engine = await FakeEngine.open();
  engine.info["Architecture"] = native ? nativeArch : "riscv64";
  engine.state.images.set(image, {});
  const dataDir = await mkdtemp(join(tmpdir(), "onejob-test-"));
  await mkdir(join(dataDir, "sock"));
  await writeFile(join(dataDir, "agent.js"), "// the agent\n");
  const profile = profileOf("small", { socket: engine.socket, ...settings });
  const profiles = [{ ...profile, limits: { ...profile.limits, ...limits } }];
  const clock = { nowMs: Date.now() };
  const logged: { sentence: string; fields: LogFields }[] = [];
  const note = (sentence: string, fields: LogFields = {}) => void logged.push({ sentence, fields });
  const log: Log = { debug: note, info: note, warn: note, error: note };
  const exits: string[] = [];
  const bootToken = (runner: string) => `boot.${runner}.s3cret`;
  const options: DockerOptions = {
    profiles: () => profiles,
    tokens: { check: (_kind, token) => /^boot\.(.*)\.s3cret$/.exec(token)?.[1] },
    log,
    clock: { now: () => clock.nowMs },
    home: "home-1",
    stateDir: join(dataDir, "docker"),
    agentFile: join(dataDir, "agent.js"),
    socket: join(dataDir, "sock", "onejob.sock"),
    secret: () => Promise.resolve("pa55word"),
    onExit: (machine) => void exits.push(machine),
    environment: {},
    ...overrides,
  };
  const made: DockerCompute[] = [];
  const again = (changed: Partial<DockerOptions> = {}) => {
    const one = dockerCompute({ ...options, ...changed });
    made.push(one);
    return one;
  };
  return {
    ...{ engine, options, profiles, clock, logged, exits, again, bootToken },
    compute: again(),
    profile: "small",
    container: (runner) => engine.state.named(`onejob-${runner}`),
    request: (...runners) => ({
      launch: "launch-1",
      token: "token-1",
      profile: "small",
      machines: runners.map((runner) => ({ runner, bootToken: bootToken(runner) })),
    }),
    starts: (runner) => Promise.resolve(engine.state.named(`onejob-${runner}`).starts),
    kill: (runner) => Promise.resolve(engine.state.end(engine.state.named(`onejob-${runner}`), 137)),
    restart: () => Promise.resolve(again()),
    settle: () => Promise.resolve(),
    async close() {
      for (const one of made) one.close();
      await engine.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Asks until there is an answer; the runner's own time limit ends a wait for nothing. */
export async function until<T>(ask: () => T | undefined): Promise<T> {
  for (;;) {
    const answer = ask();
    if (answer !== undefined) return answer;
    await sleep(5);
  }
}
