/** The compute over a real Podman, with an agent that only writes down what it sees. */
import { chmod, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { type Server, createServer } from "node:http";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type DockerCompute, type DockerOptions, dockerCompute } from "../../runtime/compute/docker/index";
import type { AgentBoot } from "../../runtime/core/agent-protocol";
import type { LaunchRequest, Log, LogFields } from "../../runtime/core/ports";
import type { DockerComputeSettings, ProfileSettings } from "../../runtime/core/settings";
import type { ComputeWorld } from "../contract/compute.contract";
import { type Podman, busyboxFiles } from "./podman";

export const standIn = join(__dirname, "..", "fixtures", "stand-in-container-agent.cjs");
export const image = "docker.io/onejob/test:latest";

export interface Seen {
  readonly boot: AgentBoot;
  readonly env: Readonly<Record<string, string>>;
  readonly argv: readonly string[];
  readonly pid: number;
  readonly uid: number;
  readonly bootFileLeft: boolean;
  readonly fromImage: string;
  readonly server: string;
  readonly mounts: readonly string[];
}

export interface DockerWorld extends ComputeWorld {
  readonly compute: DockerCompute;
  readonly options: DockerOptions;
  readonly logged: readonly { readonly sentence: string; readonly fields: LogFields }[];
  request(...runners: readonly string[]): LaunchRequest;
  /** What the agent of this runner found in its container. */
  seen(runner: string): Promise<Seen>;
}

export interface WorldOptions extends Partial<DockerOptions> {
  readonly settings?: Partial<DockerComputeSettings>;
  readonly limits?: Partial<ProfileSettings["limits"]>;
}

export function dockerProfile(podman: Podman, { settings, limits }: WorldOptions = {}): ProfileSettings {
  return {
    name: "small",
    labels: ["self-hosted"],
    compute: {
      ...{ kind: "docker", image, socket: podman.socket, pull: "never", registry: null },
      ...{ network: "none", user: null, serverUrl: null },
      ...settings,
    },
    limits: { maxRunners: 8, memoryMiB: 256, cpus: 1, ...limits },
    timeouts: { bootMs: 1_000, idleMs: 1_000, jobMs: 1_000, queuedMs: 1_000, waitingMs: 1_000 },
    priority: 0,
  };
}

export async function importTestImage(podman: Podman): Promise<void> {
  await podman.importImage("docker.io/onejob/test", await busyboxFiles(podman));
}

let worlds = 0;

export async function dockerWorld(podman: Podman, given: WorldOptions = {}): Promise<DockerWorld> {
  const { settings: _settings, limits: _limits, ...overrides } = given;
  const dataDir = await mkdtemp(join(podman.folder, "data-"));
  const profile = dockerProfile(podman, given);
  const logged: { sentence: string; fields: LogFields }[] = [];
  const note = (sentence: string, fields: LogFields = {}) => void logged.push({ sentence, fields });
  const log: Log = { debug: note, info: note, warn: note, error: note };
  const bootToken = (runner: string) => `boot.${runner}.s3cret`;
  worlds += 1;
  const options: DockerOptions = {
    profiles: () => [profile],
    tokens: { check: (_kind, token) => /^boot\.(.*)\.s3cret$/.exec(token)?.[1] },
    log,
    clock: { now: () => Date.now() },
    home: `home-${process.pid}-${worlds}`,
    stateDir: join(dataDir, "docker"),
    agentFile: standIn,
    socket: join(dataDir, "sock", "onejob.sock"),
    secret: () => Promise.reject(new Error("no secrets here")),
    environment: {},
    ...overrides,
  };
  const server = await answerAt(options.socket);
  const made: DockerCompute[] = [];
  const make = () => {
    const one = dockerCompute(options);
    made.push(one);
    return one;
  };
  const compute = make();
  const rootOf = async (runner: string) => `/proc/${await podman.pidOf(`onejob-${runner}`)}/root`;
  const seen = async (runner: string): Promise<Seen> =>
    JSON.parse(
      await until(async () =>
        readFile(`${await rootOf(runner)}/var/onejob/state/ready.json`, "utf8").catch(() => undefined),
      ),
    ) as Seen;
  return {
    compute,
    options,
    logged,
    profile: profile.name,
    bootToken,
    request: (...runners) => ({
      launch: "launch-1",
      token: "token-1",
      profile: profile.name,
      machines: runners.map((runner) => ({ runner, bootToken: bootToken(runner) })),
    }),
    seen,
    async starts(runner) {
      return (await startsOf(podman, runner)).length;
    },
    async kill(runner) {
      await seen(runner);
      process.kill(await podman.pidOf(`onejob-${runner}`), "SIGKILL");
      await until(async () => {
        const list = await podman.containers();
        return list.some(({ Names, State }) => Names[0] === `/onejob-${runner}` && State !== "running") || undefined;
      });
    },
    restart: () => Promise.resolve(make()),
    settle: () => Promise.resolve(),
    async close() {
      const last = make();
      await last.terminate((await last.list()).map(({ machine }) => machine));
      for (const one of made) one.close();
      await new Promise((resolve) => server.close(resolve));
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** In the place of the server, on a socket that only its owner may use. */
async function answerAt(socket = ""): Promise<Server> {
  await mkdir(dirname(socket), { recursive: true, mode: 0o700 });
  const server = createServer((_request, answer) => void answer.end("from the server"));
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  await chmod(socket, 0o600);
  return server;
}

/** Asks until there is an answer; the runner's own time limit ends a wait for nothing. */
export async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await sleep(20);
  }
}

/** Each line the agent wrote when it received its orders. It is in the container's files, dead or alive. */
async function startsOf(podman: Podman, runner: string): Promise<readonly string[]> {
  return until(async () => {
    const { status, body } = await podman.ask(
      "GET",
      `/containers/onejob-${runner}/archive?path=/var/onejob/state/starts`,
    );
    return status === 200 ? body.split("\n").filter((line) => /\bstarted \d+$/.test(line)) : undefined;
  });
}
