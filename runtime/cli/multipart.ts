/** A multipart form with the job's spec and, if there is one, its packed folder; made as it is sent. */
import { randomUUID } from "node:crypto";
import type { JobSpec } from "./api-types";

export interface Form {
  readonly contentType: string;
  readonly body: AsyncIterable<Uint8Array>;
}

export interface FormContent {
  readonly spec: JobSpec;
  readonly bundle: AsyncIterable<Uint8Array> | null;
  /** Told just before the last bytes go out: until then the server cannot have understood the form. */
  readonly onComplete?: () => void;
}

export function multipart(content: FormContent): Form {
  const boundary = `onejob-${randomUUID()}`;
  return { contentType: `multipart/form-data; boundary=${boundary}`, body: parts(boundary, content) };
}

/** The spec goes first: the server can refuse it before a byte of the folder is read. */
async function* parts(boundary: string, { spec, bundle, onComplete }: FormContent): AsyncGenerator<Uint8Array> {
  yield head(boundary, 'name="spec"', "application/json");
  yield Buffer.from(`${JSON.stringify(spec)}\r\n`);
  if (bundle !== null) {
    yield head(boundary, 'name="bundle"; filename="bundle.tgz"', "application/gzip");
    yield* bundle;
    yield Buffer.from("\r\n");
  }
  onComplete?.();
  yield Buffer.from(`--${boundary}--\r\n`);
}

function head(boundary: string, disposition: string, type: string): Uint8Array {
  return Buffer.from(
    `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\nContent-Type: ${type}\r\n\r\n`,
  );
}
