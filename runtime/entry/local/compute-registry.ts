/** The computes of one machine. A new kind of compute is one line here. */
import { join } from "node:path";
import type { Compute, Ports } from "../../core/ports";
import type { Settings } from "../../core/settings";
import { dockerCompute } from "../../compute/docker";
import { processCompute } from "../../compute/process";
import { socketPath } from "./data-dir";
import { readSecret } from "./secrets";

export interface ComputeOptions {
  readonly dataDir: string;
  readonly settings: () => Settings;
  /** Base URL agents dial; known once the server listens. */
  readonly serverUrl: () => string;
  /** Names this data folder for ever, wherever it lies: what carries another name is somebody else's. */
  readonly home: string;
}

export interface Computes {
  readonly compute: (kind: string) => Compute | undefined;
  /** Whether a profile's limits hold, in the words of its compute. */
  readonly enforcement: (profile: string) => Promise<unknown>;
  close(): void;
}

type Given = Pick<Ports, "tokens" | "log" | "clock"> & { readonly onExit: (machine: string) => void };

export function computeRegistry(options: ComputeOptions, given: Given): Computes {
  const { dataDir, settings, serverUrl, home } = options;
  const socket = socketPath(dataDir);
  // Beside the compiled sources: one file, the same on every compute.
  const agentFile = join(__dirname, "../../../agent.js");
  const profiles = () => settings().profiles;
  const processes = processCompute({
    ...given,
    runnersDir: join(dataDir, "runners"),
    agentCommand: [process.execPath, agentFile],
    serverUrl,
    urlFile: join(dataDir, "server.json"),
    ...(socket === undefined ? {} : { socket }),
    profile: (name) => profiles().find((profile) => profile.name === name),
  });
  const stateDir = join(dataDir, "docker");
  const containers = dockerCompute({ ...given, profiles, home, stateDir, agentFile, socket, secret: readSecret });
  const computes = new Map<string, Compute>([processes, containers].map((compute) => [compute.kind, compute]));
  return {
    compute: (kind) => computes.get(kind),
    async enforcement(name) {
      const kind = profiles().find((profile) => profile.name === name)?.compute.kind;
      return kind === "docker" ? containers.enforcement(name) : processes.enforcement();
    },
    close: () => containers.close(),
  };
}
