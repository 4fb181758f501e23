/**
 * The engines that may hold machines of ours: those that profiles name, and those that were used before and named no
 * more. The latter are remembered in a file, so that a change of the configuration leaves no machine behind.
 */
import { createRequire } from "node:module";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ignoreAbsent } from "../../core/error-facts";
import type { DockerComputeSettings, ProfileSettings } from "../../core/settings";
import { turns } from "../../core/turns";
import type * as EngineModule from "./engine";
import type { Engine } from "./engine";
import { usualSocket, usualSockets } from "./engine-socket";

export interface EnginesOptions {
  readonly stateDir: string;
  readonly profiles: () => readonly ProfileSettings[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface KnownEngine {
  readonly engine: Engine;
  /** A profile names it now. */
  readonly isConfigured: boolean;
}

export interface Engines {
  /** Throws a refusal when a profile names none, and none is found. */
  of(compute: Pick<DockerComputeSettings, "socket">): Engine;
  /** Resolves once it is known after a restart too. To be called before anything is made there. */
  remember(engine: Engine): Promise<void>;
  /** Nothing of ours is left there. */
  forget(engine: Engine): Promise<void>;
  all(): Promise<readonly KnownEngine[]>;
  close(): void;
}

export function engines(options: EnginesOptions): Engines {
  const { environment } = options;
  const connected = new Map<string, Engine>();
  const remembered = memory(options.stateDir);
  let usual: string | undefined;

  const connect = (socket: string): Engine => {
    const engine = connected.get(socket) ?? engineModule().connectEngine(socket);
    connected.set(socket, engine);
    return engine;
  };
  /** Found once: when that engine stops, its machines must not be looked for at another. */
  const find = (): string => (usual ??= usualSocket(environment));

  const findQuietly = (): readonly string[] => {
    try {
      return [find()];
    } catch {
      // Said by each launch.
      return [];
    }
  };

  return {
    of: ({ socket }) => connect(socket ?? find()),
    remember: ({ socket }) => remembered.add(socket),
    forget: ({ socket }) => remembered.remove(socket),
    async all() {
      const named = options.profiles().flatMap(({ compute }) => (compute.kind === "docker" ? [compute.socket] : []));
      const usuals = named.includes(null) ? findQuietly() : [];
      const configured = new Set([...named.filter((socket) => socket !== null), ...usuals]);
      const before = await remembered.read();
      // While none is found, the one of before may be any of the usual ones.
      const mayBe = named.includes(null) && usuals.length === 0 ? usualSockets(environment) : [];
      const isConfigured = (socket: string) => configured.has(socket) || mayBe.includes(socket);
      return [...new Set([...configured, ...before])].map((socket) => ({
        engine: connect(socket),
        isConfigured: isConfigured(socket),
      }));
    },
    close: () => connected.forEach((engine) => engine.close()),
  };
}

/** Loaded at the first call: servers without such a profile need not wait for its library. */
function engineModule(): typeof EngineModule {
  return createRequire(__filename)("./engine") as typeof EngineModule;
}

interface Memory {
  read(): Promise<ReadonlySet<string>>;
  add(socket: string): Promise<void>;
  remove(socket: string): Promise<void>;
}

function memory(dir: string): Memory {
  const file = join(dir, "engines.json");
  const alone = turns();
  let known: Set<string> | undefined;
  const load = async () => (known ??= new Set(socketsIn((await readFile(file, "utf8").catch(ignoreAbsent)) ?? "")));
  const save = async (sockets: Set<string>) => {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await writeFile(`${file}.next`, `${JSON.stringify({ sockets: [...sockets] })}\n`, { mode: 0o600 });
    await rename(`${file}.next`, file);
  };
  const change = (socket: string, to: "add" | "delete") =>
    alone("", async () => {
      const sockets = new Set(await load());
      if (sockets.has(socket) === (to === "add")) return;
      sockets[to](socket);
      await save(sockets);
      known = sockets;
    });
  return {
    read: () => alone("", load),
    add: (socket) => change(socket, "add"),
    remove: (socket) => change(socket, "delete"),
  };
}

function socketsIn(text: string): readonly string[] {
  try {
    const { sockets } = JSON.parse(text) as { sockets?: unknown };
    return Array.isArray(sockets) ? sockets.filter((socket) => typeof socket === "string") : [];
  } catch {
    return [];
  }
}
