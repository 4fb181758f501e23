/**
 * A container registry with one image, behind a password: enough of the distribution protocol for an engine to pull.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md
 */
import { createHash } from "node:crypto";
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { endMark, tarOf } from "../fixtures/tar-bytes";
import type { RawEntry } from "../fixtures/tar-bytes";

interface Blob {
  readonly type: string;
  readonly bytes: Buffer;
  readonly digest: string;
}

export interface RegistryImage {
  /** Without host and tag. */
  readonly name: string;
  readonly files: readonly RawEntry[];
  readonly env: readonly string[];
}

const types = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar+gzip",
} as const;

export class Registry {
  readonly host: string;
  readonly password = "pa55word";
  /** Layers are not sent before it is settled. */
  gate: Promise<void> = Promise.resolve();
  /** How often the layer was asked for. */
  layersSent = 0;
  readonly #server: Server;
  #image: { readonly name: string; readonly blobs: readonly Blob[]; readonly manifest: Blob } | undefined;

  private constructor(server: Server) {
    this.#server = server;
    this.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", (request, response) => void this.#answer(request, response));
  }

  static async open(): Promise<Registry> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new Registry(server);
  }

  offer({ name, files, env }: RegistryImage): void {
    const tar = tarOf(...files, endMark);
    const layer = blob(types.layer, gzipSync(tar));
    const config = blob(
      types.config,
      json({
        ...{ architecture: goArch(), os: "linux", config: { Env: env } },
        rootfs: { type: "layers", diff_ids: [digestOf(tar)] },
      }),
    );
    const manifest = { schemaVersion: 2, mediaType: types.manifest, config: entry(config), layers: [entry(layer)] };
    this.#image = { name, blobs: [layer, config], manifest: blob(types.manifest, json(manifest)) };
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const login = `Basic ${Buffer.from(`ci:${this.password}`).toString("base64")}`;
    if (request.headers.authorization !== login) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="tests"', "content-type": "application/json" });
      return void response.end('{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}');
    }
    const [, name = "", kind = "", reference = ""] =
      /^\/v2\/(.+)\/(manifests|blobs)\/(.+)$/.exec(request.url ?? "") ?? [];
    if (request.url === "/v2/") return void response.end("{}");
    const found = this.#find(name, kind, reference);
    if (found === undefined) {
      response.writeHead(404, { "content-type": "application/json" });
      return void response.end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}');
    }
    if (found.type === types.layer) {
      this.layersSent += 1;
      await this.gate;
    }
    const { type, bytes, digest } = found;
    response.writeHead(200, {
      ...{ "content-type": type, "content-length": bytes.length, "docker-content-digest": digest },
    });
    response.end(request.method === "HEAD" ? undefined : bytes);
  }

  #find(name: string, kind: string, reference: string): Blob | undefined {
    const image = this.#image;
    if (image === undefined || image.name !== name) return undefined;
    if (kind === "blobs") return image.blobs.find(({ digest }) => digest === reference);
    return reference === "1" || reference === image.manifest.digest ? image.manifest : undefined;
  }
}

function blob(type: string, bytes: Buffer): Blob {
  return { type, bytes, digest: digestOf(bytes) };
}

function entry({ type, bytes, digest }: Blob): object {
  return { mediaType: type, size: bytes.length, digest };
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function goArch(): string {
  return process.arch === "x64" ? "amd64" : process.arch;
}
