/** A job is handed in: refused, or stored whole. Whatever happens on the way, nothing half done stays behind. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { OnejobError } from "../../core/errors";
import { sizeText } from "../../core/bundle-names";
import type { Job, JobKey, JobWork } from "../../core/model";
import { createHash } from "node:crypto";
import type { BundleFacts } from "../../core/ports";
import { checkBundle } from "../../sources/api/check-bundle";
import { findJob } from "../../flow/moves";
import { prepareSubmission, submitJob, type Prepared } from "../../flow/submit-job";
import type { HttpContext } from "./context";
import { jobLocation, refuseWhenClosing } from "./intake";
import { parseSpec, specSchema } from "./job-spec";
import { turns, type Turns } from "../../core/turns";
import { presentJob } from "./present-jobs";
import { answer, failure } from "./schemas";
import { openUpload, type Upload } from "./upload";

const bundleSchema = {
  type: "string",
  format: "binary",
  description: "Packed working folder: a gzip tar, after `spec`.",
};
const schema = {
  tags: ["jobs"],
  summary: "Hands in a job.",
  description: "A form with `spec` first and then, perhaps, `bundle`; or the spec alone as JSON.",
  headers: {
    type: "object",
    properties: {
      "idempotency-key": {
        type: "string",
        description: "The same for each try of one submission: only one job is made.",
      },
    },
  },
  body: {
    content: {
      "multipart/form-data": {
        schema: { type: "object", required: ["spec"], properties: { spec: specSchema, bundle: bundleSchema } },
      },
      "application/json": { schema: specSchema },
    },
  },
  response: { 201: answer("Job", "The job, stored. Also when the same was handed in before."), ...failure },
} as const;

export function submitRoutes(app: FastifyInstance, context: HttpContext): void {
  const inTurn = turns();
  const options = {
    schema,
    bodyLimit: context.limits.specBytes,
    config: { upload: true },
    // The spec is checked by `parseSpec`: in a form it comes as one part of many.
    validatorCompiler: () => () => true,
    onRequest: refuseWhenClosing(context),
  };
  app.post("/api/v1/jobs", options, async (request, reply) => {
    const job = await accept(request, inTurn, context);
    return reply
      .code(201)
      .header("location", jobLocation(job))
      .send(await presentJob(job, context.ports));
  });
}

async function accept(request: FastifyRequest, inTurn: Turns, context: HttpContext): Promise<Job> {
  const { ports, limits } = context;
  const upload = openUpload(request, limits);
  const { submission, upload: sentBefore } = parseSpec(await upload.spec());
  const content = { upload, sentBefore };
  const prepared = await orNotStored(prepareSubmission(submission, idempotencyKey(request), ports));
  if (prepared.existing !== undefined) return prepared.existing;
  // A second try of the same submission must neither replace nor remove the bundle of the first.
  return inTurn(prepared.key, async () => {
    const standing = await orNotStored(findJob(prepared.key, prepared.profile.name, ports));
    return standing ?? store(prepared, content, context);
  });
}

interface Content {
  readonly upload: Upload;
  readonly sentBefore: string | null;
}

async function store(prepared: Prepared, content: Content, context: HttpContext): Promise<Job> {
  const { ports } = context;
  try {
    const bundle = await storeBundle(prepared, content, context);
    return await submitJob(prepared, bundle, ports);
  } catch (error) {
    const standing = await undo(prepared, context);
    if (standing !== undefined) return standing;
    throw error instanceof OnejobError ? error : new OnejobError("not-stored", undefined, { cause: error });
  }
}

async function storeBundle(
  { key }: Prepared,
  { upload, sentBefore }: Content,
  context: HttpContext,
): Promise<JobWork["bundle"]> {
  const content = await upload.bundle();
  if (sentBefore !== null && content !== undefined)
    throw new OnejobError("bad-request", "`upload` and `bundle` contradict each other");
  if (sentBefore === null && content === undefined) return null;
  if (content === undefined) await takeUpload(sentBefore ?? "", key, context);
  else await storeContent(key, content, context);
  await upload.end();
  return checkStored(key, context);
}

async function takeUpload(id: string, key: JobKey, { ports }: HttpContext): Promise<void> {
  if (await ports.files.direct?.take(id, key)) return;
  throw new OnejobError("bundle-refused", `nothing was uploaded as ${id}, or it is a day ago; submit again`);
}

async function storeContent(key: JobKey, content: AsyncIterable<Uint8Array>, context: HttpContext): Promise<void> {
  const { ports, limits } = context;
  const incoming = watched(content, limits.bundleBytes);
  // First stored, then checked as it stands: no more than one piece of it is in memory at any time.
  await ports.files.putBundle(key, incoming.content).catch((error: unknown) => {
    throw incoming.failure() ?? error;
  });
}

/** Whichever way it came: what counts is what stands there. */
async function checkStored(key: JobKey, { ports }: HttpContext): Promise<BundleFacts> {
  const written = await ports.files.openBundle(key);
  if (written === undefined) throw new OnejobError("not-stored", "the packed working folder");
  const { content, facts } = measured(written);
  const check = await checkBundle(content);
  if (!check.ok) throw new OnejobError("bundle-refused", check.problem);
  return facts();
}

function measured(source: AsyncIterable<Uint8Array>) {
  const hash = createHash("sha256");
  let bytes = 0;
  const content = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      bytes += chunk.length;
      hash.update(chunk);
      yield chunk;
    }
  };
  return { content: content(), facts: (): BundleFacts => ({ bytes, sha256: hash.digest("hex") }) };
}

interface Watched {
  readonly content: AsyncIterable<Uint8Array>;
  /** What was wrong with the content itself, and not with storing it. */
  failure(): OnejobError | undefined;
}

function watched(source: AsyncIterable<Uint8Array>, limit: number): Watched {
  let failure: OnejobError | undefined;
  const content = async function* (): AsyncGenerator<Uint8Array> {
    let bytes = 0;
    try {
      for await (const chunk of source) {
        bytes += chunk.length;
        if (bytes > limit)
          throw new OnejobError("bundle-refused", `it is larger than ${sizeText(limit)}, the limit of a packed folder`);
        yield chunk;
      }
    } catch (error) {
      if (error instanceof OnejobError) failure = error;
      throw error;
    }
  };
  return { content: content(), failure: () => failure };
}

/**
 * The bundle goes, unless the job was written after all (its answer was lost): then it stands, and the sweep does what is
 * missing. Where even that cannot be read, the bundle stays: a job without it would be worse.
 */
async function undo({ key, profile }: Prepared, { ports, logger }: HttpContext): Promise<Job | undefined> {
  try {
    const standing = await findJob(key, profile.name, ports);
    if (standing === undefined) await ports.files.dropBundle(key);
    return standing;
  } catch (error) {
    logger.error("what is left of a refused submission could not be removed", { job: key, error });
    return undefined;
  }
}

/** Nothing was started yet, so the same request may be sent again. */
async function orNotStored<T>(step: Promise<T>): Promise<T> {
  try {
    return await step;
  } catch (error) {
    throw error instanceof OnejobError ? error : new OnejobError("not-stored", undefined, { cause: error });
  }
}

export function idempotencyKey(request: FastifyRequest): string | undefined {
  const key = request.headers["idempotency-key"];
  if (key === undefined) return undefined;
  if (typeof key === "string" && /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new OnejobError("bad-request", "the header Idempotency-Key takes 1 to 255 visible characters");
}
