/** Where the server is. It may die and come back on another port; then its file says so. */
import { readFile } from "node:fs/promises";
import { isRecord } from "./shapes";

export class ServerAddress {
  private current: string;
  private readonly file: string | undefined;

  constructor(url: string, file: string | undefined) {
    this.current = url;
    this.file = file;
  }

  resolve(path: string): URL {
    return new URL(this.current.replace(/\/+$/, "") + path);
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
