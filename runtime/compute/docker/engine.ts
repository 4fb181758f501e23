/**
 * The calls we make to a Docker Engine API, through `dockerode`; no other file knows that library. Every failure is an
 * `EngineError`. https://docs.docker.com/reference/api/engine/
 */
import { Agent } from "node:http";
import type { Readable } from "node:stream";
import Docker from "dockerode";
import {
  type ContainerFacts,
  type ImageFacts,
  type ListedContainer,
  containerFacts,
  imageFacts,
  isRecord,
  listedContainers,
  volumeNames,
} from "./engine-answers";
import { engineError, isEngineError } from "./engine-error";
import { type EngineFacts, factsOf } from "./engine-facts";
import { readPull } from "./pull-progress";
import type { RegistryAuth } from "./registry-auth";

/** The body of `POST /containers/create`. */
export type ContainerSpec = Docker.ContainerCreateOptions;

export interface Engine extends ContainerCalls, ImageCalls, VolumeCalls {
  readonly socket: string;
  /** Asked once, and again after it did not answer. */
  facts(): Promise<EngineFacts>;
  /** Calls under way fail. */
  close(): void;
}

interface ImageCalls {
  /** `undefined`: the engine does not have it. */
  image(name: string): Promise<ImageFacts | undefined>;
  /** Resolves when the image is there. `onPercent`: `null` while it cannot be told. */
  pull(name: string, auth: RegistryAuth | undefined, onPercent: (percent: number | null) => void): Promise<void>;
}

interface ContainerCalls {
  create(name: string, spec: ContainerSpec): Promise<string>;
  container(nameOrId: string): Promise<ContainerFacts | undefined>;
  containers(labels: readonly string[]): Promise<readonly ListedContainer[]>;
  /** Whether the path is there in the container, started or not. */
  has(id: string, path: string): Promise<boolean>;
  /** Unpacks an archive in a folder of the container, started or not. */
  unpack(id: string, folder: string, archive: Buffer | Readable): Promise<void>;
  /** Started already: no error. */
  start(id: string): Promise<void>;
  kill(id: string): Promise<void>;
  /** With its own volumes, running or not. */
  remove(id: string): Promise<void>;
  /** Resolves with its exit code when it has ended. */
  ended(id: string): Promise<number | null>;
  /** The last lines its program wrote. */
  lastLines(id: string, count: number): Promise<string>;
}

interface VolumeCalls {
  /** There already: no error. */
  makeVolume(name: string, labels: Readonly<Record<string, string>>): Promise<void>;
  /** Names of all that contain this. */
  volumes(part: string): Promise<readonly string[]>;
  removeVolume(name: string): Promise<void>;
}

/** The longest silence of an engine that was asked for something it does at once. */
const silenceMs = 120_000;

export function connectEngine(socket: string): Engine {
  // Kept connections that an engine has closed meanwhile would leave us not knowing what became of a call.
  const agent = new Agent({ keepAlive: false });
  // Named, so that DOCKER_HOST does not take its place.
  const address = { socketPath: socket, host: undefined, port: undefined, protocol: "http" as const, agent };
  let facts: Promise<EngineFacts> | undefined;
  const call: Call = async (what, make) => {
    try {
      return await make();
    } catch (error) {
      const told = engineError(error, { what, socket });
      // It may come back as another one.
      if (isEngineError(told, "unreachable", "unknown")) facts = undefined;
      throw told;
    }
  };
  const line = { quick: new Docker({ ...address, timeout: silenceMs }), patient: new Docker(address), call };
  return {
    socket,
    async facts() {
      const asked = (facts ??= call("info", async () => factsOf(await line.quick.info())));
      asked.catch(() => (facts = undefined));
      return asked;
    },
    ...imageCalls(line),
    ...containerCalls(line),
    ...volumeCalls(line),
    close: () => agent.destroy(),
  };
}

type Call = <T>(what: string, make: () => Promise<T>) => Promise<T>;

interface Line {
  readonly quick: Docker;
  /** For what may take as long as it likes. */
  readonly patient: Docker;
  readonly call: Call;
}

function imageCalls({ quick, patient, call }: Line): ImageCalls {
  return {
    image: (name) =>
      call("inspect image", async () => imageFacts(await quick.getImage(name).inspect())).catch(ignoreAbsent),
    pull: (name, auth, onPercent) =>
      call("pull", async () => {
        const answer = await patient.createImage(auth, { fromImage: name });
        await readPull(answer, onPercent);
      }),
  };
}

function containerCalls({ quick, patient, call }: Line): ContainerCalls {
  const of = (id: string) => quick.getContainer(id);
  return {
    create: (name, spec) =>
      call("create container", async () => {
        // Else the library puts the whole body into the address as well.
        const given: ContainerSpec & { _query: object; _body: object } = { _query: { name }, _body: spec };
        return (await quick.createContainer(given)).id;
      }),
    container: (nameOrId) =>
      call("inspect container", async () => containerFacts(await of(nameOrId).inspect())).catch(ignoreAbsent),
    containers: (labels) =>
      call("list containers", async () =>
        listedContainers(await quick.listContainers({ all: true, filters: { label: [...labels] } })),
      ),
    has: async (id, path) => {
      const looked = await call("look into container", () => of(id).infoArchive({ path })).catch(ignoreAbsent);
      return looked !== undefined;
    },
    unpack: (id, folder, archive) =>
      call("write into container", async () => {
        await of(id).putArchive(archive, { path: folder, noOverwriteDirNonDir: "1" });
      }),
    start: (id) =>
      call("start container", async () => {
        await of(id).start().catch(ignoreStarted);
      }),
    kill: (id) => call("kill container", () => of(id).kill({ signal: "SIGKILL" })),
    remove: (id) => call("remove container", () => of(id).remove({ force: true, v: true })),
    ended: (id) =>
      call("wait for container", async () => {
        const answer: unknown = await patient.getContainer(id).wait();
        return isRecord(answer) && typeof answer["StatusCode"] === "number" ? answer["StatusCode"] : null;
      }),
    lastLines: (id, count) =>
      call("read container's output", async () =>
        plainLines(await of(id).logs({ stdout: true, stderr: true, tail: count })),
      ),
  };
}

function volumeCalls({ quick, call }: Line): VolumeCalls {
  return {
    makeVolume: (name, labels) =>
      call("create volume", async () => {
        await quick.createVolume({ Name: name, Labels: { ...labels } });
      }),
    volumes: (part) =>
      call("list volumes", async () => volumeNames(await quick.listVolumes({ filters: { name: [part] } }))),
    removeVolume: (name) => call("remove volume", () => quick.getVolume(name).remove()),
  };
}

function ignoreAbsent(error: unknown): undefined {
  if (!isEngineError(error, "absent")) throw error;
  return undefined;
}

const alreadyStarted = 304;

function ignoreStarted(error: unknown): undefined {
  if (!isRecord(error) || error["statusCode"] !== alreadyStarted) throw error;
  return undefined;
}

/** Pieces of stdout and stderr come behind heads of eight bytes: which of both, and how long. */
function plainLines(answer: unknown): string {
  if (!Buffer.isBuffer(answer)) return typeof answer === "string" ? answer : "";
  const pieces: Buffer[] = [];
  for (let at = 0; at + 8 <= answer.length;) {
    const end = at + 8 + answer.readUInt32BE(at + 4);
    pieces.push(answer.subarray(at + 8, end));
    at = end;
  }
  return Buffer.concat(pieces).toString("utf8");
}
