/**
 * What `POST /api/v1/jobs` carries: a form with the field `spec` and then, perhaps, the file `bundle`; or the spec alone
 * as JSON. Read in the order it comes, no further than asked, so that a refused spec costs no upload.
 */
import type { Multipart } from "@fastify/multipart";
import type { FastifyRequest } from "fastify";
import { OnejobError } from "../../core/errors";
import type { HttpLimits } from "./context";

export interface Upload {
  spec(): Promise<unknown>;
  /** After the spec; `undefined` when none came along. Throws `bad-request` while read, if it breaks off. */
  bundle(): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** Throws `bad-request` when the form does not end here as it should. */
  end(): Promise<void>;
}

export function openUpload(request: FastifyRequest, limits: HttpLimits): Upload {
  if (request.isMultipart()) return formUpload(request, limits);
  return { spec: async () => request.body, bundle: async () => undefined, end: async () => undefined };
}

function formUpload(request: FastifyRequest, limits: HttpLimits): Upload {
  const { specBytes, bundleBytes } = limits;
  const parts = request.parts({
    // Beyond the limit of a bundle, so that whoever stores it sees that it is too large, not a shortened one.
    limits: {
      fieldNameSize: 100,
      fieldSize: specBytes,
      fields: 3,
      files: 3,
      parts: 5,
      headerPairs: 50,
      fileSize: bundleBytes + 1,
    },
  });
  const next = async (): Promise<Multipart | undefined> => {
    try {
      const step = await parts.next();
      return step.done ? undefined : step.value;
    } catch (error) {
      throw badForm(error);
    }
  };
  return {
    async spec() {
      const part = await next();
      if (part?.fieldname !== "spec") throw bad("the form must begin with the field `spec`");
      return part.type === "file" ? parseJson(await readText(part.file, specBytes)) : fieldValue(part);
    },
    async bundle() {
      const part = await next();
      if (part === undefined) return undefined;
      if (part.fieldname === "bundle" && part.type === "file") return unbroken(part.file);
      throw bad("after `spec` the form may only have the file `bundle`, sent with a file name");
    },
    async end() {
      if ((await next()) !== undefined) throw bad("nothing may follow the file `bundle`");
    },
  };
}

function fieldValue(part: Extract<Multipart, { type: "field" }>): unknown {
  if (part.valueTruncated) throw new OnejobError("body-too-large", "the field `spec`");
  // A field declared as JSON has been parsed already.
  return part.mimetype === "application/json" ? part.value : parseJson(String(part.value));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text, (key, value: unknown) => {
      if (key === "__proto__") throw new SyntaxError(key);
      return value;
    });
  } catch {
    throw bad("the field `spec` is not JSON");
  }
}

async function readText(file: AsyncIterable<Uint8Array>, limit: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of unbroken(file)) {
    bytes += chunk.length;
    if (bytes > limit) throw new OnejobError("body-too-large", "the field `spec`");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function* unbroken(file: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* file;
  } catch (error) {
    throw badForm(error);
  }
}

/** Whatever the parser says, the client sent it; its words are ours only where they are known. */
function badForm(error: unknown): OnejobError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "FST_INVALID_JSON_FIELD_ERROR") return bad("the field `spec` is not JSON");
  if (/^FST_(PARTS|FILES|FIELDS)_LIMIT$/.test(code)) return bad("the form has more than `spec` and `bundle`");
  return new OnejobError("bad-request", "the form breaks off or is malformed", { cause: error });
}

function bad(detail: string): OnejobError {
  return new OnejobError("bad-request", detail);
}
