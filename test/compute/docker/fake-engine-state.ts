/** What the fake engine has: images, volumes with files in them, containers. */
export interface FakeImage {
  /** By their paths. */
  readonly files?: Readonly<Record<string, string>>;
  readonly Env?: readonly string[];
  readonly Healthcheck?: object;
}

export interface FakeFile {
  readonly mode: number;
  readonly content: string;
}

export type Files = Map<string, FakeFile>;

export interface ContainerBody {
  readonly Image: string;
  readonly Labels: Record<string, string>;
  readonly Env?: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly Healthcheck?: object;
  readonly HostConfig: {
    readonly Binds?: readonly string[];
    readonly Mounts?: readonly { readonly Type: string; Source: string; Target: string; ReadOnly?: boolean }[];
    readonly Memory?: number;
    readonly MemorySwap?: number;
    readonly NanoCpus?: number;
    readonly PidsLimit?: number;
    readonly NetworkMode?: string;
    readonly SecurityOpt?: readonly string[];
    readonly Privileged?: boolean;
    readonly AutoRemove?: boolean;
    readonly RestartPolicy?: { readonly Name: string };
    readonly LogConfig?: object;
  };
}

export interface FakeContainer {
  readonly id: string;
  readonly name: string;
  readonly body: ContainerBody;
  /** When it was made, RFC 3339. */
  created: string;
  state: "created" | "running" | "exited";
  exitCode: number;
  starts: number;
  /** What the agent says. */
  said: string;
  readonly files: Files;
  /** What its agent was told at each start; the file is removed by it. */
  readonly orders: string[];
  readonly waiting: Set<() => void>;
}

export class EngineState {
  readonly images = new Map<string, FakeImage>();
  readonly volumes = new Map<string, Files>();
  readonly containers = new Map<string, FakeContainer>();
  /** Lists everything, whatever it is asked for. */
  ignoresFilters = false;
  #made = 0;

  makeVolume(name: string): { Name: string } {
    if (!this.volumes.has(name)) this.volumes.set(name, new Map());
    return { Name: name };
  }

  makeContainer(name: string, body: ContainerBody): FakeContainer {
    this.#made += 1;
    const id = String(this.#made).padStart(64, "c");
    const container: FakeContainer = {
      ...{ id, name, body, created: new Date().toISOString(), state: "created", exitCode: 0, starts: 0, said: "" },
      ...{ files: new Map(), orders: [], waiting: new Set() },
    };
    // As engines do: a volume that is not there is made, empty.
    for (const volume of volumesOf(body)) {
      this.makeVolume(volume.source);
      if (!volume.noCopy) this.#copyUp(body.Image, volume);
    }
    this.containers.set(id, container);
    return container;
  }

  /** And an empty one is filled with what the image has in its place. */
  #copyUp(image: string, { source, target }: { readonly source: string; readonly target: string }): void {
    const volume = this.volumes.get(source);
    if (volume === undefined || volume.size > 0) return;
    for (const [path, content] of Object.entries(this.images.get(image)?.files ?? {})) {
      if (path.startsWith(`${target}/`)) volume.set(path.slice(target.length), { mode: 0o644, content });
    }
  }

  find(nameOrId: string): FakeContainer | undefined {
    return this.containers.get(nameOrId) ?? [...this.containers.values()].find(({ name }) => name === nameOrId);
  }

  named(name: string): FakeContainer {
    const found = this.find(name);
    if (found === undefined) throw new Error(`no container ${name}`);
    return found;
  }

  usersOf(volume: string): readonly FakeContainer[] {
    return [...this.containers.values()].filter(({ body }) => volumesOf(body).some(({ source }) => source === volume));
  }

  /** The files a path of the container leads to, and the path in them. */
  place(
    container: FakeContainer,
    path: string,
  ): { readonly files: Files; readonly at: string; readonly readOnly: boolean } {
    for (const { source, target, readOnly } of volumesOf(container.body)) {
      if (path !== target && !path.startsWith(`${target}/`)) continue;
      return {
        files: this.volumes.get(source) ?? new Map<string, FakeFile>(),
        at: path.slice(target.length),
        readOnly,
      };
    }
    return { files: container.files, at: path, readOnly: false };
  }

  start(container: FakeContainer): void {
    container.state = "running";
    container.starts += 1;
    container.orders.push(container.files.get("/var/onejob/boot.json")?.content ?? "");
    container.files.delete("/var/onejob/boot.json");
  }

  end(container: FakeContainer, exitCode: number): void {
    container.state = "exited";
    container.exitCode = exitCode;
    for (const resume of container.waiting) resume();
    container.waiting.clear();
  }

  remove(container: FakeContainer): void {
    this.end(container, 137);
    this.containers.delete(container.id);
  }

  endWaits(): void {
    for (const container of this.containers.values()) for (const resume of container.waiting) resume();
  }
}

function volumesOf({ HostConfig: { Binds = [] } }: ContainerBody) {
  return Binds.map((bind) => {
    const [source = "", target = "", options = ""] = bind.split(":");
    return {
      source,
      target,
      readOnly: options.split(",").includes("ro"),
      noCopy: options.split(",").includes("nocopy"),
    };
  });
}
