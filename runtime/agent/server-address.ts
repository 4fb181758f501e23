/**
 * Where the server is. Its Unix socket stays where it is, and nobody else can take its place; so whoever has one asks
 * nowhere else. Without one the server may come back on another port; then its file says so.
 */
import type { AgentBoot } from "../core/agent-protocol";
import { readFile } from "node:fs/promises";
import { isRecord } from "./shapes";

export class ServerAddress {
  private current: string;
  private readonly file: string | undefined;
  private readonly socket: string | undefined;

  constructor({ url, urlFile, socket }: Pick<AgentBoot, "url" | "urlFile" | "socket">) {
    this.current = url;
    this.file = socket === undefined ? urlFile : undefined;
    this.socket = socket;
  }

  resolve(path: string): { readonly url: URL; readonly socket?: string } {
    // The host is only a header here.
    if (this.socket !== undefined) return { url: new URL(path, "http://localhost"), socket: this.socket };
    return { url: new URL(this.current.replace(/\/+$/, "") + path) };
  }

  /** Reads the file again; answers whether the address changed. An absent or half-written file changes nothing. */
  async refresh(): Promise<boolean> {
    const url = await this.readUrl();
    if (url === undefined || url === this.current) return false;
    this.current = url;
    return true;
  }

  private async readUrl(): Promise<string | undefined> {
    if (this.file === undefined) return undefined;
    try {
      const value: unknown = JSON.parse(await readFile(this.file, "utf8"));
      const url = isRecord(value) ? value["url"] : undefined;
      return typeof url === "string" && URL.canParse(url) ? url : undefined;
    } catch {
      return undefined;
    }
  }
}
