/**
 * The `Files` port on S3. A log is a chain of pieces `logs/<job>/<offset>`: each is written only where nothing stands, and
 * begins where the one before it ends, so that two writers at once never leave a gap, nor write anything twice.
 */
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import type { JobKey } from "../../core/model";
import type { Files } from "../../core/ports";
import { turns } from "../../core/turns";
import { bucketBundles, type BucketBundlesOptions } from "./bucket-bundles";
import { nameOf, storing, unlessAbsent } from "./bucket-errors";

export interface BucketFilesOptions extends BucketBundlesOptions {
  /** Largest piece of a log. Readers rely on it, so it may grow, but never shrink. @default 256 KiB */
  readonly pieceBytes?: number;
}

interface Piece {
  readonly key: string;
  readonly offset: number;
  readonly bytes: number;
}

const defaultPieceBytes = 256 * 1024;
const offsetDigits = 16;
/** Pieces fetched side by side. */
const fetchedAtOnce = 16;
/** Ends of logs remembered, so that not every append lists from the beginning. */
const endsKept = 200;

export function bucketFiles(options: BucketFilesOptions): Files {
  const logs = new Logs(options);
  // Pieces given one after the other, without waiting, would find a gap before them.
  const inTurn = turns();
  return {
    ...bucketBundles(options),
    appendLog: (job, offset, data) => inTurn(job, () => storing(job, () => logs.append(job, offset, data))),
    readLog: (job, offset, limit) => logs.read(job, { offset, limit }),
    logSize: (job) => logs.size(job),
    dropLog: (job) => inTurn(job, () => logs.drop(job)),
  };
}

class Logs {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #pieceBytes: number;
  /** The last piece seen of each log; pieces never change, so the end is there or behind it. */
  readonly #ends = new Map<JobKey, Piece>();

  constructor({ client, bucket, pieceBytes = defaultPieceBytes }: Omit<BucketFilesOptions, "clock">) {
    this.#client = client;
    this.#bucket = bucket;
    this.#pieceBytes = pieceBytes;
  }

  async append(job: JobKey, offset: number, data: Uint8Array): Promise<number> {
    let size = await this.size(job);
    while (offset <= size && size < offset + data.byteLength) {
      const from = size - offset;
      const news = data.subarray(from, from + this.#pieceBytes);
      // Who finds the place taken lost to another writer: what that one wrote is skipped.
      size = (await this.#put(job, size, news)) ? size + news.byteLength : await this.size(job);
    }
    return size;
  }

  async size(job: JobKey): Promise<number> {
    const known = this.#ends.get(job);
    const after = known === undefined ? undefined : await this.#lastPiece(job, known.offset);
    // A log that was dropped begins anew, and what is known of it is wrong.
    const last = after ?? (await this.#lastPiece(job, 0));
    if (last === undefined) this.#ends.delete(job);
    else this.#remember(job, last);
    return last === undefined ? 0 : last.offset + last.bytes;
  }

  async read(job: JobKey, { offset, limit }: { readonly offset: number; readonly limit: number }): Promise<Uint8Array> {
    const end = offset + limit;
    const wanted: Piece[] = [];
    if (limit > 0)
      for await (const piece of this.#pieces(job, Math.max(0, offset - this.#pieceBytes + 1))) {
        if (piece.offset >= end) break;
        if (piece.offset + piece.bytes > offset) wanted.push(piece);
      }
    const read: Uint8Array[] = [];
    for (let at = 0; at < wanted.length; at += fetchedAtOnce)
      read.push(...(await Promise.all(wanted.slice(at, at + fetchedAtOnce).map((piece) => this.#get(piece)))));
    const skipped = offset - (wanted[0]?.offset ?? offset);
    return Buffer.concat(read).subarray(skipped, skipped + limit);
  }

  async drop(job: JobKey): Promise<void> {
    this.#ends.delete(job);
    for await (const page of this.#pages(job, 0)) {
      if (page.length === 0) continue;
      const Delete = { Objects: page.map(({ key }) => ({ Key: key })), Quiet: true };
      const { Errors = [] } = await this.#client.send(new DeleteObjectsCommand({ Bucket: this.#bucket, Delete }));
      if (Errors.length > 0)
        throw new Error(`${Errors.length} pieces of a log were not deleted: ${Errors[0]?.Code ?? ""}`);
    }
  }

  /** `false`: something stands there. */
  async #put(job: JobKey, offset: number, data: Uint8Array): Promise<boolean> {
    const key = keyOf(job, offset);
    const input = { Bucket: this.#bucket, Key: key, Body: data, IfNoneMatch: "*", ContentType: "text/plain" };
    try {
      await this.#client.send(new PutObjectCommand(input));
    } catch (error) {
      // The second is the answer while another writer is at it.
      if (nameOf(error) === "PreconditionFailed" || nameOf(error) === "ConditionalRequestConflict") return false;
      throw error;
    }
    this.#remember(job, { key, offset, bytes: data.byteLength });
    return true;
  }

  async #get({ key }: Piece): Promise<Uint8Array> {
    const found = await unlessAbsent(this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key })));
    return (await found?.Body?.transformToByteArray()) ?? new Uint8Array();
  }

  /** Of those that begin at `from` or later. */
  async #lastPiece(job: JobKey, from: number): Promise<Piece | undefined> {
    let last: Piece | undefined;
    for await (const page of this.#pages(job, from)) last = page.at(-1) ?? last;
    return last;
  }

  async *#pieces(job: JobKey, from: number): AsyncGenerator<Piece> {
    for await (const page of this.#pages(job, from)) yield* page;
  }

  /** In order: S3 lists by key, and offsets are padded. */
  async *#pages(job: JobKey, from: number): AsyncGenerator<readonly Piece[]> {
    const Prefix = prefixOf(job);
    // Listing begins behind a key: behind the greatest one below `from`.
    const start = from === 0 ? {} : { StartAfter: keyOf(job, from - 1) };
    let next: string | undefined;
    do {
      const continued = next === undefined ? start : { ContinuationToken: next };
      const page = await this.#client.send(new ListObjectsV2Command({ Bucket: this.#bucket, Prefix, ...continued }));
      yield (page.Contents ?? []).map(({ Key: key = "", Size: bytes = 0 }) => ({
        key,
        bytes,
        offset: Number(key.slice(Prefix.length)),
      }));
      next = page.NextContinuationToken;
    } while (next !== undefined);
  }

  #remember(job: JobKey, last: Piece): void {
    this.#ends.delete(job);
    this.#ends.set(job, last);
    const [oldest] = this.#ends.keys();
    if (this.#ends.size > endsKept && oldest !== undefined) this.#ends.delete(oldest);
  }
}

/** Encoded, so that no job's prefix is part of another's. */
function prefixOf(job: JobKey): string {
  return `logs/${encodeURIComponent(job)}/`;
}

function keyOf(job: JobKey, offset: number): string {
  return `${prefixOf(job)}${String(offset).padStart(offsetDigits, "0")}`;
}
