/**
 * Brings the kit to an engine, as a volume that all machines mount. It is made once: unpacked through a container that
 * is created and never started, with the marker last. That container's name is the lock: who finds it taken waits.
 */
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { errorText } from "../../core/error-facts";
import { LaunchRefusal } from "../../core/launch-refusal";
import type { Clock, Log } from "../../core/ports";
import { turns } from "../../core/turns";
import { archiveBytes, archiveOf, textEntry } from "./archive";
import type { ContainerSpec, Engine } from "./engine";
import { isEngineError } from "./engine-error";
import type { EngineFacts } from "./engine-facts";
import { type Kit, describeKit, kitFolder, kitMarker, runsOurNode } from "./kit";
import { kitFilter, kitLabels, kitMark, kitPrefix } from "./labels";

export interface KitOptions {
  readonly agentFile: string;
  readonly home: string;
  readonly log: Log;
  readonly clock: Clock;
  /** How long another server may take to bring the same kit, in milliseconds. */
  readonly waitMs: number;
}

export interface Kits {
  /** The kit on this engine, whole; `image`: any that the engine has. Throws a refusal or an `EngineError`. */
  bring(engine: Engine, image: string): Promise<Kit>;
  /** It turned out not to be there: somebody removed it. */
  forget(engine: Engine): void;
}

/** A container that fills a volume and is older than this was left behind by a server that died. */
const abandonedMs = 5 * 60_000;
const lookEveryMs = 250;

export function kits(options: KitOptions): Kits {
  const waiting = turns();
  const described = new Map<boolean, Promise<Kit>>();
  const brought = new Map<string, Kit>();

  const kitFor = async (facts: EngineFacts): Promise<Kit> => {
    const withNode = runsOurNode(facts);
    const kit = described.get(withNode) ?? describeKit({ agentFile: options.agentFile, withNode });
    described.set(withNode, kit);
    // What could not be read may be there the next time.
    kit.catch(() => described.delete(withNode));
    return kit;
  };

  return {
    bring: (engine, image) =>
      waiting(engine.socket, async () => {
        const known = brought.get(engine.socket);
        if (known !== undefined) return known;
        const kit = await kitFor(await engine.facts());
        await fill({ engine, kit, image }, options);
        brought.set(engine.socket, kit);
        await removeOld(engine, kit, options);
        return kit;
      }),
    forget: (engine) => void brought.delete(engine.socket),
  };
}

interface Filling {
  readonly engine: Engine;
  readonly kit: Kit;
  readonly image: string;
}

async function fill(filling: Filling, options: KitOptions): Promise<void> {
  const { engine, kit } = filling;
  await engine.makeVolume(kit.volume, kitLabels(kit.hash, options.home));
  const filler = await openFiller(filling, options);
  try {
    if (await engine.has(filler, `${kitFolder}/${kitMarker}`)) return;
    options.log.info("agent is brought to the engine", { socket: engine.socket, volume: kit.volume });
    await engine.unpack(filler, kitFolder, Readable.from(archiveOf(kit.entries), { objectMode: false }));
    await engine.unpack(filler, kitFolder, await archiveBytes([textEntry(kitMarker, "", 0o644)]));
  } finally {
    await removeQuietly(engine, filler, options);
  }
}

async function openFiller({ engine, kit, image }: Filling, options: KitOptions): Promise<string> {
  const spec = fillerSpec(kit, { image, home: options.home });
  for (let waited = 0; ; waited += lookEveryMs) {
    try {
      return await engine.create(kit.volume, spec);
    } catch (error) {
      const standing = await engine.container(kit.volume);
      if (standing === undefined && !isEngineError(error, "conflict")) throw error;
      if (standing !== undefined && isAbandoned(standing, options)) await engine.remove(standing.id);
    }
    if (waited >= options.waitMs) {
      throw new LaunchRefusal("no-capacity", "another server is bringing the agent to this engine at the moment");
    }
    await sleep(lookEveryMs);
  }
}

function fillerSpec(kit: Kit, { image, home }: { readonly image: string; readonly home: string }): ContainerSpec {
  return {
    Image: image,
    Labels: { ...kitLabels(kit.hash, home) },
    // Never run.
    Entrypoint: [`${kitFolder}/node`],
    Cmd: [],
    NetworkDisabled: true,
    HostConfig: { NetworkMode: "none", Binds: [kitBind(kit)] },
  };
}

/** Without `nocopy` an engine fills an empty volume with what the image has there: it could bring an agent of its own. */
export function kitBind({ volume }: Kit, ...options: readonly "ro"[]): string {
  return `${volume}:${kitFolder}:${[...options, "nocopy"].join(",")}`;
}

interface Standing {
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAt: number | null;
}

/** Ours is one of an earlier run of this server: in this one they take turns. */
function isAbandoned({ labels, createdAt }: Standing, { home, clock }: KitOptions): boolean {
  const mark = kitMark(labels);
  if (mark === undefined) return false;
  return mark.home === home || (createdAt !== null && clock.now() - createdAt > abandonedMs);
}

/** Kits of other versions, unless a machine uses them. A server of another version makes its own again. */
async function removeOld(engine: Engine, kit: Kit, options: KitOptions): Promise<void> {
  try {
    for (const { id, labels } of await engine.containers(kitFilter)) {
      if (kitMark(labels)?.kit === kit.hash) continue;
      const standing = await engine.container(id);
      if (standing !== undefined && isAbandoned(standing, options)) await removeQuietly(engine, id, options);
    }
    const old = (await engine.volumes(kitPrefix)).filter((name) => name.startsWith(kitPrefix) && name !== kit.volume);
    for (const name of old) {
      await engine.removeVolume(name).then(
        () => options.log.info("old agent removed from the engine", { socket: engine.socket, volume: name }),
        (error: unknown) => options.log.debug("old agent stays", { volume: name, error: errorText(error) }),
      );
    }
  } catch (error) {
    options.log.warn("old agents could not be looked for", { socket: engine.socket, error: errorText(error) });
  }
}

async function removeQuietly(engine: Engine, id: string, { log }: KitOptions): Promise<void> {
  await engine.remove(id).catch((error: unknown) => {
    if (isEngineError(error, "absent")) return;
    log.warn("container for the agent's files stays", { socket: engine.socket, id, error: errorText(error) });
  });
}
