/** Machines that are containers of a Docker Engine API: Docker's own or Podman's. What that means, and what not: `readme.md`. */
import { endedMachines } from "../../core/ended-machines";
import { isMachineName } from "../../core/machine-name";
import type { Clock, Compute, Log, MachineOutcome, Tokens } from "../../core/ports";
import type { ProfileSettings, SecretPlace } from "../../core/settings";
import { allOf } from "../../core/settled";
import { identityByToken } from "../../core/token-identity";
import { turns } from "../../core/turns";
import type { Enforcement } from "./engine-facts";
import { engines } from "./engines";
import type { Host } from "./host";
import { images } from "./images";
import { kits } from "./kits";
import { type Wanted, launchMachine } from "./launch";
import { listMachines } from "./list";
import { pulls } from "./pulls";
import { registryAuth } from "./registry-auth";
import { terminateMachine } from "./terminate";
import { watchContainers } from "./watch";

export type { Enforcement } from "./engine-facts";

export interface DockerOptions {
  /** The profiles in force; those on this compute name the engines that `list` asks. */
  readonly profiles: () => readonly ProfileSettings[];
  /** Boot tokens are minted for the runner's id. */
  readonly tokens: Pick<Tokens, "check">;
  readonly log: Log;
  readonly clock: Clock;
  /** Names this server's data folder on every container: the same after each start, and nobody else's. */
  readonly home: string;
  /** `<data folder>/docker`, made when absent: which engines were used is kept there. */
  readonly stateDir: string;
  /** The agent's program, one file. */
  readonly agentFile: string;
  /**
   * The server's Unix socket, alone in its folder: the folder is mounted into the containers. `undefined`: there is
   * none, and every profile needs a `serverUrl`.
   */
  readonly socket: string | undefined;
  /** Reads a secret where it is kept. Throws when it cannot; the text names the place, never the value. */
  readonly secret: (place: SecretPlace) => Promise<string>;
  /** An agent's container ended. Makes things faster; not every end is told. */
  readonly onExit?: (machine: string) => void;
  /** Of which DOCKER_HOST, DOCKER_CONFIG, HOME, XDG_… and REGISTRY_AUTH_FILE are read. @default the server's own */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** How long a launch waits for its image, in milliseconds. @default 20000 */
  readonly pullWaitMs?: number;
  /** How long a launch waits for another server that brings the agent to the same engine. @default 20000 */
  readonly kitWaitMs?: number;
}

export interface DockerCompute extends Compute {
  readonly kind: "docker";
  /** Which limits the profile's engine holds, to be shown as it is; `undefined`: it cannot be asked. */
  enforcement(profile: string): Promise<Enforcement | undefined>;
  /** Calls under way fail, and no container is watched any more. Machines go on. */
  close(): void;
}

export function dockerCompute(options: DockerOptions): DockerCompute {
  const host = hostOf(options);
  const waiting = turns();
  const ended = endedMachines();
  return {
    kind: "docker",
    wall: "machine",
    listLagMs: 0,
    async launch({ launch, profile, machines }) {
      const one = async (wanted: Wanted): Promise<MachineOutcome> =>
        ended.has(wanted.runner)
          ? { runner: wanted.runner, outcome: "launched", machine: wanted.runner }
          : launchMachine(host, wanted);
      const all = machines.map((machine) => waiting(machine.runner, () => one({ launch, profile, ...machine })));
      return allOf(await Promise.allSettled(all), "the launch");
    },
    async terminate(machines) {
      const ours = machines.filter(isMachineName);
      for (const machine of ours) ended.add(machine);
      const end = (machine: string) => waiting(machine, () => terminateMachine(host, machine));
      allOf(await Promise.allSettled(ours.map(end)), "the end");
    },
    list: () => listMachines(host),
    identify: (proof) => Promise.resolve(identityByToken(proof, options.tokens)),
    enforcement: (profile) => enforcementOf(host, profile),
    close() {
      host.watch.close();
      host.engines.close();
    },
  };
}

function hostOf(options: DockerOptions): Host {
  const { home, profiles, socket, log, clock, stateDir, agentFile, secret } = options;
  const environment = options.environment ?? process.env;
  return {
    home,
    profiles,
    socket,
    log,
    engines: engines({ stateDir, profiles, environment }),
    images: images({
      pulls: pulls({ log, clock, waitMs: options.pullWaitMs ?? 20_000 }),
      auth: (compute) => registryAuth(compute, { secret, environment, log }),
    }),
    kits: kits({ agentFile, home, log, clock, waitMs: options.kitWaitMs ?? 20_000 }),
    watch: watchContainers({ log, onExit: options.onExit ?? (() => undefined) }),
  };
}

async function enforcementOf({ profiles, engines }: Host, name: string): Promise<Enforcement | undefined> {
  const compute = profiles().find((profile) => profile.name === name)?.compute;
  if (compute?.kind !== "docker") return undefined;
  try {
    const { memory, cpu } = await engines.of(compute).facts();
    return { memory, cpu };
  } catch {
    // Its absence says so; why is said by each launch.
    return undefined;
  }
}
