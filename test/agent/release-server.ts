/** A release server with small archives, over real HTTP; it fails on request. */
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { runnerPlatform } from "../../runtime/agent/listener/install/release";
import { bundleOf } from "../fixtures/tar-bytes";

export interface FakeRelease {
  readonly archive: Buffer;
  /** Of the asset; `null`: it says none. */
  readonly digest?: string | null;
  readonly body?: string;
  readonly size?: number | null;
  readonly assetName?: string;
  readonly url?: string;
}

/** What becomes of the next request for such a thing. `cut`: half of it, then the connection breaks. `short`: half, as if it were all. */
export type ReleaseMishap = "drop" | "hang" | "cut" | "short" | { readonly status: number; readonly location?: string };

export const platform = runnerPlatform(process);

/** What GitHub's archives look like, in small. */
export function runnerArchive(version: string): Buffer {
  return bundleOf(
    { path: "./", type: "5", mode: 0o755 },
    { path: "./bin/", type: "5", mode: 0o755 },
    { path: "./bin/Runner.Listener", content: `#!/bin/sh\necho ${version}\n`, mode: 0o755 },
    { path: "./externals/node20/bin/node", content: "#!/bin/sh\n", mode: 0o755 },
    { path: "./externals/node20/lib/npm/cli.js", content: "//" },
    { path: "./externals/node20/bin/npm", type: "2", linkpath: "../lib/npm/cli.js" },
  );
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export class FakeReleaseServer {
  readonly asked: string[] = [];
  latest = "";
  private readonly releases = new Map<string, FakeRelease>();
  private readonly mishaps: { readonly part: string; readonly mishap: ReleaseMishap }[] = [];
  private http: Server | undefined;
  private port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const http = createServer((request, response) => this.answer(request, response));
    await new Promise<void>((resolve) => http.listen(this.port, "127.0.0.1", resolve));
    this.port = (http.address() as AddressInfo).port;
    this.http = http;
  }

  async stop(): Promise<void> {
    const { http } = this;
    this.http = undefined;
    if (http === undefined) return;
    const closed = new Promise((resolve) => http.close(resolve));
    http.closeAllConnections();
    await closed;
  }

  /** From now on the latest one. */
  publish(version: string, release: FakeRelease = { archive: runnerArchive(version) }): void {
    this.releases.set(version, release);
    this.latest = version;
  }

  /** The next requests whose path holds `part` meet these, one each. */
  plan(part: string, ...mishaps: readonly ReleaseMishap[]): void {
    this.mishaps.push(...mishaps.map((mishap) => ({ part, mishap })));
  }

  count(part: string): number {
    return this.asked.filter((path) => path.includes(part)).length;
  }

  private answer({ url = "" }: IncomingMessage, response: ServerResponse): void {
    this.asked.push(url);
    const at = this.mishaps.findIndex(({ part }) => url.includes(part));
    const mishap = at < 0 ? undefined : this.mishaps.splice(at, 1)[0]?.mishap;
    if (mishap === "drop") return void response.destroy();
    if (mishap === "hang") return;
    if (typeof mishap === "object") {
      const headers = mishap.location === undefined ? {} : { location: mishap.location };
      return void response.writeHead(mishap.status, headers).end();
    }
    if (url.startsWith("/download/")) return this.sendArchive(url.slice("/download/".length), response, mishap);
    const version = /^\/repos\/actions\/runner\/releases\/(?:latest|tags\/v(.+))$/.exec(url);
    this.sendRelease(version === null ? "" : (version[1] ?? this.latest), response);
  }

  private sendRelease(version: string, response: ServerResponse): void {
    const release = this.releases.get(version);
    if (release === undefined) return void response.writeHead(404).end("{}");
    const { archive, digest = `sha256:${sha256(archive)}`, size = archive.length, body = "" } = release;
    const { assetName = `actions-runner-${platform}-${version}.tar.gz` } = release;
    const { url = `${this.url}/download/${version}` } = release;
    const asset = { name: assetName, browser_download_url: url, digest, size };
    response.end(JSON.stringify({ tag_name: `v${version}`, body, assets: [{ name: "other.zip" }, asset] }));
  }

  private sendArchive(version: string, response: ServerResponse, mishap: "cut" | "short" | undefined): void {
    const archive = this.releases.get(version)?.archive;
    if (archive === undefined) return void response.writeHead(404).end();
    const half = archive.subarray(0, archive.length / 2);
    if (mishap === "cut") {
      response.writeHead(200, { "content-length": archive.length });
      return void response.write(half, () => response.destroy());
    }
    response.writeHead(200).end(mishap === "short" ? half : archive);
  }
}
