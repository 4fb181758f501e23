/** A real Podman for one test file: started in a folder of its own, with images made of a few files, and gone afterwards. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { endMark, tarOf } from "../fixtures/tar-bytes";
import type { RawEntry } from "../fixtures/tar-bytes";

/** Time for the packages, where they have to be installed first. */
export const installMs = 300_000;

export interface EngineAnswer {
  readonly status: number;
  readonly body: string;
}

export interface PodmanOptions {
  /** Host and port of one that is spoken to without TLS. */
  readonly insecureRegistry?: string;
}

export class Podman {
  readonly folder: string;
  readonly socket: string;
  readonly #service: ChildProcess;
  readonly #said: string[] = [];

  private constructor(folder: string, { insecureRegistry = "" }: PodmanOptions) {
    this.folder = folder;
    this.socket = join(folder, "podman.sock");
    this.#service = spawn(join(__dirname, "engine.sh"), [folder, insecureRegistry], {
      stdio: ["ignore", "ignore", "pipe"],
      detached: true,
    });
    this.#service.stderr?.on("data", (text: Buffer) => this.#said.push(text.toString()));
  }

  static async start(options: PodmanOptions = {}): Promise<Podman> {
    const podman = new Podman(await mkdtemp(join(tmpdir(), "onejob-podman-")), options);
    while (!(await podman.#answers())) {
      if (podman.#service.exitCode !== null) throw new Error(`no engine: ${podman.#said.join("")}`);
      await sleep(50);
    }
    return podman;
  }

  /** One call of the Docker Engine API. */
  ask(method: string, path: string, body?: Buffer | object): Promise<EngineAnswer> {
    const isTar = Buffer.isBuffer(body);
    const bytes = body === undefined || isTar ? body : Buffer.from(JSON.stringify(body));
    const headers = bytes === undefined ? {} : { "content-type": isTar ? "application/x-tar" : "application/json" };
    return new Promise((resolve, reject) => {
      const read = (answer: IncomingMessage): void => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("error", reject);
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
      };
      const sent = request({ socketPath: this.socket, method, path, headers, agent: false }, read);
      sent.on("error", reject).end(bytes);
    });
  }

  async json<T>(path: string): Promise<T> {
    const { status, body } = await this.ask("GET", path);
    if (status !== 200) throw new Error(`${path}: ${status} ${body}`);
    return JSON.parse(body) as T;
  }

  /** An image with these files, and what its configuration says besides (`ENV A=b`). */
  async importImage(name: string, entries: readonly RawEntry[], changes: readonly string[] = []): Promise<void> {
    const query = new URLSearchParams([["fromSrc", "-"], ["repo", name], ...changes.map((line) => ["changes", line])]);
    const { status, body } = await this.ask("POST", `/images/create?${query}`, tarOf(...entries, endMark));
    if (status !== 200 || body.includes('"error"')) throw new Error(`import of ${name}: ${status} ${body}`);
  }

  /** Every container there is, whoever made it. */
  containers(): Promise<readonly { Id: string; Names: string[]; State: string; Labels: Record<string, string> }[]> {
    return this.json("/containers/json?all=1");
  }

  async volumes(): Promise<readonly string[]> {
    const { Volumes } = await this.json<{ Volumes: { Name: string }[] }>("/volumes");
    return Volumes.map(({ Name }) => Name);
  }

  /** The pid of a container's first process. */
  async pidOf(container: string): Promise<number> {
    return (await this.json<{ State: { Pid: number } }>(`/containers/${container}/json`)).State.Pid;
  }

  /** Makes an empty file in a container. */
  async touch(container: string, path: string): Promise<void> {
    await this.ask("PUT", `/containers/${container}/archive?path=/`, tarOf({ path, content: "" }, endMark));
  }

  async stop(): Promise<void> {
    for (const { Id } of await this.containers().catch(() => [])) {
      await this.ask("POST", `/containers/${Id}/kill?signal=KILL`);
      await this.ask("DELETE", `/containers/${Id}?force=1&v=1`);
    }
    const ended = new Promise((resolve) => this.#service.once("exit", resolve));
    if (this.#service.exitCode === null && this.#service.signalCode === null) {
      this.#service.kill("SIGTERM");
      await ended;
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  async #answers(): Promise<boolean> {
    if (!existsSync(this.socket)) return false;
    return this.ask("GET", "/_ping").then(
      ({ status }) => status === 200,
      () => false,
    );
  }
}

const appletNames = ["sh", "ls", "cat", "echo", "sleep", "id", "env", "find", "rm", "mkdir", "touch", "stat", "mkfifo"];

/** A shell that needs no library at all: nothing in the image is of any use to a Node of ours. */
export async function busyboxFiles({ folder }: Podman): Promise<readonly RawEntry[]> {
  const content = await readFile(join(folder, "busybox"));
  return [
    { path: "bin/", type: "5", mode: 0o755 },
    { path: "bin/busybox", content, mode: 0o755 },
    ...appletNames.map((name) => ({ path: `bin/${name}`, type: "2", linkpath: "busybox", mode: 0o777 })),
    { path: "tmp/", type: "5", mode: 0o1777 },
    { path: "etc/", type: "5", mode: 0o755 },
    { path: "etc/passwd", content: "root:x:0:0:root:/root:/bin/sh\n", mode: 0o644 },
    { path: "etc/from-image", content: "a file of the image\n", mode: 0o644 },
  ];
}
