/** The packed folders of the `Files` port on S3: `bundles/<job>`, and `uploads/<id>` for what clients bring there themselves. */
import { createHash } from "node:crypto";
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
  type CompletedPart,
  type S3Client,
} from "@aws-sdk/client-s3";
import type { JobKey } from "../../core/model";
import type { BundleFacts, Clock, DirectFiles, Files } from "../../core/ports";
import { presignedUrl, strictly } from "../../machine/aws-signature";
import { storing, unlessAbsent } from "./bucket-errors";

export interface BucketBundlesOptions {
  readonly client: S3Client;
  readonly bucket: string;
  readonly clock: Clock;
  /** Where S3 is, for clients and machines. @default its address for the bucket in the client's region */
  readonly endpoint?: string | undefined;
  /** What is larger is stored in parts of this size, which are all that is held in memory. @default 8 MiB */
  readonly partBytes?: number;
}

const defaultPartBytes = 8 * 1024 * 1024;
/** Of an address: the time until the first byte. */
const offeredSeconds = 15 * 60;
const linkedSeconds = 5 * 60;
/** S3 copies half a GiB within seconds, and answers only then. All tries together. */
const copyMs = 25_000;

type Bundles = Pick<Files, "putBundle" | "openBundle" | "dropBundle" | "direct">;

const bundleName = (job: JobKey): string => `bundles/${encodeURIComponent(job)}`;
const uploadName = (id: string): string => `uploads/${id}`;

export function bucketBundles(options: BucketBundlesOptions): Bundles {
  const { client, bucket: Bucket, partBytes = defaultPartBytes } = options;
  return {
    putBundle: (job, content) => put({ client, target: { Bucket, Key: bundleName(job) }, job }, content, partBytes),
    async openBundle(job) {
      const found = await unlessAbsent(client.send(new GetObjectCommand({ Bucket, Key: bundleName(job) })));
      // In Node a body is a stream of bytes.
      return found?.Body as AsyncIterable<Uint8Array> | undefined;
    },
    async dropBundle(job) {
      await client.send(new DeleteObjectCommand({ Bucket, Key: bundleName(job) }));
    },
    direct: direct(options),
  };
}

interface Target {
  readonly client: S3Client;
  readonly target: { readonly Bucket: string; readonly Key: string };
  readonly job: JobKey;
}

/** In one request where it fits into one part. Nothing shows before all is there; what breaks off is swept by the bucket. */
async function put(to: Target, content: AsyncIterable<Uint8Array>, partBytes: number): Promise<BundleFacts> {
  const { client, target, job } = to;
  const hash = createHash("sha256");
  const done: CompletedPart[] = [];
  let bytes = 0;
  let upload: string | undefined;
  for await (const { piece, isLast } of inParts(content, partBytes)) {
    hash.update(piece);
    bytes += piece.byteLength;
    if (isLast && upload === undefined) {
      await storing(job, () => client.send(new PutObjectCommand({ ...target, Body: piece })));
    } else {
      upload ??= await begin(to);
      done.push(await sendPart(to, { upload, number: done.length + 1, piece }));
    }
  }
  if (upload !== undefined) {
    const finished = { ...target, UploadId: upload, MultipartUpload: { Parts: done } };
    await storing(job, () => client.send(new CompleteMultipartUploadCommand(finished)));
  }
  return { bytes, sha256: hash.digest("hex") };
}

async function begin({ client, target, job }: Target): Promise<string | undefined> {
  const { UploadId } = await storing(job, () => client.send(new CreateMultipartUploadCommand(target)));
  return UploadId;
}

interface Part {
  readonly upload: string | undefined;
  readonly number: number;
  readonly piece: Uint8Array;
}

async function sendPart({ client, target, job }: Target, { upload, number, piece }: Part): Promise<CompletedPart> {
  const part = { ...target, UploadId: upload, PartNumber: number, Body: piece };
  const { ETag } = await storing(job, () => client.send(new UploadPartCommand(part)));
  return { ETag, PartNumber: number };
}

/** At least one, perhaps empty. Each but the last has exactly `partBytes`. */
async function* inParts(content: AsyncIterable<Uint8Array>, partBytes: number) {
  let waiting: Uint8Array[] = [];
  let held = 0;
  for await (const chunk of content) {
    waiting.push(chunk);
    held += chunk.byteLength;
    while (held > partBytes) {
      const all = Buffer.concat(waiting);
      yield { piece: all.subarray(0, partBytes), isLast: false };
      waiting = [all.subarray(partBytes)];
      held = all.byteLength - partBytes;
    }
  }
  yield { piece: Buffer.concat(waiting), isLast: true };
}

function direct(options: BucketBundlesOptions): DirectFiles {
  const { client, bucket, clock } = options;
  const presigned = async (request: { readonly method: "GET" | "PUT"; readonly name: string }, given: Presigned) => {
    const [credentials, region] = await Promise.all([client.config.credentials(), client.config.region()]);
    const url = addressOf(request.name, region, options);
    const { headers, seconds } = given;
    return presignedUrl({ ...request, url, headers }, { ...credentials, region }, { now: clock.now(), seconds }).href;
  };
  return {
    async offer(id, { bytes, sha256 }) {
      // All are signed: the store itself refuses other bytes, and a second filling.
      const headers = {
        "content-length": String(bytes),
        "if-none-match": "*",
        "x-amz-checksum-sha256": Buffer.from(sha256, "hex").toString("base64"),
      };
      const expiresAt = clock.now() + offeredSeconds * 1_000;
      const url = await presigned({ method: "PUT", name: uploadName(id) }, { headers, seconds: offeredSeconds });
      return { url, headers, expiresAt };
    },
    async take(id, job) {
      const source = `${bucket}/${uploadName(id)}`;
      const copy = new CopyObjectCommand({ Bucket: bucket, Key: bundleName(job), CopySource: source });
      const inTime = { requestTimeout: copyMs, abortSignal: AbortSignal.timeout(copyMs) };
      const copied = await storing(job, () => unlessAbsent(client.send(copy, inTime)));
      return copied !== undefined;
    },
    link: (job) => presigned({ method: "GET", name: bundleName(job) }, { headers: {}, seconds: linkedSeconds }),
  };
}

interface Presigned {
  readonly headers: Readonly<Record<string, string>>;
  readonly seconds: number;
}

function addressOf(name: string, region: string, { bucket, endpoint }: BucketBundlesOptions): URL {
  const path = name.split("/").map(strictly).join("/");
  if (endpoint !== undefined) return new URL(`${endpoint.replace(/\/+$/, "")}/${bucket}/${path}`);
  return new URL(`https://${bucket}.s3.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}/${path}`);
}
