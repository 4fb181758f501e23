/** Packs the working folder and sends it with the job. */
import { resolve } from "node:path";
import { OnejobError } from "../core/errors";
import { ApiError } from "./api-error";
import type { JobSpec, JobView } from "./api-types";
import type { Context } from "./context";
import { persist } from "./follow";
import { bytes, plain } from "./format";
import type { FormContent } from "./multipart";
import { uploadBundle } from "./upload-bundle";
import type { SubmitOptions } from "./job-spec";
import { lazy } from "./lazy";
import { errorCode } from "../core/error-facts";

export interface Sending {
  readonly spec: JobSpec;
  readonly options: SubmitOptions;
  readonly idempotencyKey: string;
  readonly signal: AbortSignal;
  /** Told when the server may have understood the whole: from then on there may be a job. */
  readonly onComplete: () => void;
}

/** The new job; `null` when the signal fired before there was an answer. */
export async function sendJob(context: Context, sending: Sending): Promise<JobView | null> {
  const { fleet } = await context.address();
  if (fleet !== undefined) return sendWhole(context, sending);
  return send(context, sending, async () => ({
    spec: sending.spec,
    bundle: withProgress(context, await packed(context, sending)),
  }));
}

type Content = Pick<FormContent, "spec" | "bundle">;

/** What a function takes with a job, its spec included; what is larger goes another way. */
const mostFormBytes = 4 * 1024 * 1024;
/** The form around spec and folder. */
const formBytes = 1_024;

/** A fleet signs what it is sent, and its functions take only so much. */
async function sendWhole(context: Context, sending: Sending): Promise<JobView | null> {
  const { spec, idempotencyKey, signal } = sending;
  const bundle = await lazy.heldBundle().holdBundle(await packed(context, sending));
  const read = (): AsyncIterable<Uint8Array> => withProgress(context, bundle.read());
  try {
    const room = mostFormBytes - formBytes - Buffer.byteLength(JSON.stringify(spec));
    if (bundle.bytes <= room) return await send(context, sending, () => ({ spec, bundle: bundle.read() }));
    const upload = await uploadBundle(context, { bundle, idempotencyKey, signal, read });
    return upload === null ? null : await send(context, sending, () => ({ spec: { ...spec, upload }, bundle: null }));
  } finally {
    clearProgress(context);
    await bundle.remove();
  }
}

async function send(
  context: Context,
  { idempotencyKey, signal, onComplete }: Sending,
  content: () => Content | Promise<Content>,
): Promise<JobView | null> {
  const post = async (): Promise<JobView> =>
    context.api.submit({ ...(await content()), idempotencyKey, signal, onComplete });
  try {
    return await post();
  } catch (error) {
    if (signal.aborted) return null;
    // It may have arrived or not; the idempotency key makes asking again harmless.
    if (!brokeOff(error)) throw error;
    await askInSmall(context);
    return await persist(context, signal, post);
  } finally {
    clearProgress(context);
  }
}

async function packed(context: Context, { options }: Sending): Promise<AsyncIterable<Uint8Array>> {
  const folder = resolve(context.io.cwd, options.dir);
  const { stream, warnings } = await lazy.pack().packFolder(folder, { includeGit: options.includeGit ?? false });
  for (const warning of warnings) context.say(`onejob: ${plain(warning)}`);
  return stream;
}

/** A server that refuses closes while we still send, and its answer may be lost with the connection: hear it first. */
async function askInSmall(context: Context): Promise<void> {
  try {
    await context.api.get("/api/v1/status");
  } catch (error) {
    if (error instanceof OnejobError && error.code === "unauthorised") throw error;
  }
}

function brokeOff(error: unknown): boolean {
  // Its function was busy, or took too long, and may have made the job all the same.
  if (error instanceof ApiError) return error.code === "fleet-unreachable";
  if (!(error instanceof OnejobError) || !(error.code === "unreachable" || error.code === "fleet-unreachable"))
    return false;
  return ["ECONNRESET", "EPIPE"].includes(errorCode(error.cause) ?? "");
}

const progressMs = 100;

async function* withProgress(context: Context, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let sent = 0;
  let shownAt = 0;
  for await (const chunk of chunks) {
    yield chunk;
    sent += chunk.length;
    if (!showsProgress(context) || context.io.now() - shownAt < progressMs) continue;
    shownAt = context.io.now();
    context.io.stderr.write(`\r\x1b[Konejob: sent ${bytes(sent)} of the folder`);
  }
}

function clearProgress(context: Context): void {
  if (showsProgress(context)) context.io.stderr.write("\r\x1b[K");
}

function showsProgress({ io, options }: Context): boolean {
  return io.isTTY.stderr && !options.quiet;
}
