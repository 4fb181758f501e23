/** Bundles and logs in memory. */
import { createHash } from "node:crypto";
import type { JobKey } from "../../runtime/core/model";
import type { Files } from "../../runtime/core/ports";

interface Log {
  size: number;
  readonly pieces: Uint8Array[];
}

export class MemoryFiles implements Files {
  readonly #bundles = new Map<JobKey, readonly Uint8Array[]>();
  readonly #logs = new Map<JobKey, Log>();

  async putBundle(job: JobKey, content: AsyncIterable<Uint8Array>) {
    const hash = createHash("sha256");
    const pieces: Uint8Array[] = [];
    for await (const piece of content) {
      hash.update(piece);
      pieces.push(Uint8Array.from(piece));
    }
    this.#bundles.set(job, pieces);
    return { bytes: pieces.reduce((sum, piece) => sum + piece.byteLength, 0), sha256: hash.digest("hex") };
  }

  async openBundle(job: JobKey): Promise<AsyncIterable<Uint8Array> | undefined> {
    const pieces = this.#bundles.get(job);
    if (pieces === undefined) return undefined;
    return (async function* () {
      yield* pieces;
    })();
  }

  async dropBundle(job: JobKey): Promise<void> {
    this.#bundles.delete(job);
  }

  async appendLog(job: JobKey, offset: number, data: Uint8Array): Promise<number> {
    const log = this.#logs.get(job) ?? { size: 0, pieces: [] };
    if (offset > log.size) return log.size;
    const news = Uint8Array.from(data.subarray(log.size - offset));
    if (news.byteLength === 0) return log.size;
    log.pieces.push(news);
    log.size += news.byteLength;
    this.#logs.set(job, log);
    return log.size;
  }

  async readLog(job: JobKey, offset: number, limit: number): Promise<Uint8Array> {
    const whole = Buffer.concat(this.#logs.get(job)?.pieces ?? []);
    return whole.subarray(offset, offset + Math.max(0, limit));
  }

  async logSize(job: JobKey): Promise<number> {
    return this.#logs.get(job)?.size ?? 0;
  }

  async dropLog(job: JobKey): Promise<void> {
    this.#logs.delete(job);
  }
}
