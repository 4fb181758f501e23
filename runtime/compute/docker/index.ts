/** Machines that are containers of a Docker Engine API: Docker's own or Podman's. What that means, and what not: `readme.md`. */
import type { Clock, Compute, Log, Tokens } from "../../core/ports";
import type { ProfileSettings, SecretPlace } from "../../core/settings";
import type { Enforcement } from "./engine-facts";

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
}

export interface DockerCompute extends Compute {
  readonly kind: "docker";
  /** Which limits the engine of this profile holds, to be shown as it is; `undefined`: it cannot be asked, or no such profile. */
  enforcement(profile: string): Promise<Enforcement | undefined>;
  /** Watches no container any more. Machines go on. */
  close(): void;
}
