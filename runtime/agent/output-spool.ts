/**
 * The job's output on disk. It is written here first and read again from any offset, so neither a slow nor an absent
 * server holds the job up or fills the memory.
 */
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";

const mebibyte = 1024 * 1024;
const newline = 0x0a;

export class OutputSpool {
  private readonly file: FileHandle;
  private readonly limit: number;
  private written = 0;
  private lastByte = newline;
  private full = false;
  private growth: () => void = () => undefined;

  private constructor(file: FileHandle, limit: number) {
    this.file = file;
    this.limit = limit;
  }

  static async open(path: string, limit: number): Promise<OutputSpool> {
    return new OutputSpool(await open(path, "w+", 0o600), limit);
  }

  get size(): number {
    return this.written;
  }

  onGrowth(listener: () => void): void {
    this.growth = listener;
  }

  /** Keeps what fits under the limit; says once that the rest is dropped. Not for two callers at once. */
  async append(chunk: Uint8Array): Promise<void> {
    if (this.full) return;
    const room = this.limit - this.written;
    await this.write(chunk.subarray(0, room));
    if (chunk.length <= room) return;
    this.full = true;
    await this.writeLine(`output beyond ${this.limit / mebibyte} MiB is not kept`);
  }

  /** A line of our own between what the job wrote. */
  async note(sentence: string): Promise<void> {
    if (!this.full) await this.writeLine(sentence);
  }

  private async writeLine(sentence: string): Promise<void> {
    const line = `[onejob] ${sentence}\n`;
    await this.write(Buffer.from(this.lastByte === newline ? line : `\n${line}`));
  }

  async read(offset: number, limit: number): Promise<Buffer> {
    const buffer = Buffer.alloc(Math.max(0, Math.min(limit, this.written - offset)));
    let filled = 0;
    while (filled < buffer.length) {
      const { bytesRead } = await this.file.read(buffer, filled, buffer.length - filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  }

  async close(): Promise<void> {
    await this.file.close();
  }

  private async write(chunk: Uint8Array): Promise<void> {
    let done = 0;
    while (done < chunk.length) {
      const { bytesWritten } = await this.file.write(chunk, done, chunk.length - done, this.written);
      done += bytesWritten;
      this.written += bytesWritten;
      // Also of a piece whose rest does not fit on the disk.
      this.lastByte = chunk[done - 1] ?? this.lastByte;
      this.growth();
    }
  }
}
