/** What a client sends to hand in a job: forms, and packed folders. */
import { gzipSync } from "node:zlib";

export const boundary = "onejob-test-boundary";
export const formType = { "content-type": `multipart/form-data; boundary=${boundary}` };

export interface Part {
  readonly name: string;
  readonly content: string | Uint8Array;
  readonly fileName?: string;
  readonly type?: string;
}

/** `open`: the end of the form is left out. */
export function form(parts: readonly Part[], { open = false } = {}): Buffer {
  const bytes = parts.flatMap(({ name, content, fileName, type }) => [
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${fileName === undefined ? "" : `; filename="${fileName}"`}\r\n` +
        `${type === undefined ? "" : `Content-Type: ${type}\r\n`}\r\n`,
    ),
    Buffer.from(content),
    Buffer.from("\r\n"),
  ]);
  return Buffer.concat([...bytes, Buffer.from(open ? "" : `--${boundary}--\r\n`)]);
}

export function specPart(spec: unknown): Part {
  return { name: "spec", content: JSON.stringify(spec), type: "application/json" };
}

export function bundlePart(content: Uint8Array): Part {
  return { name: "bundle", content, fileName: "bundle.tgz", type: "application/gzip" };
}

/** A gzip tar with one file. */
export function bundleWith(path: string, text = "hello\n"): Buffer {
  const header = Buffer.alloc(512);
  const put = (value: string, at: number): number => header.write(value, at, "latin1");
  put(path, 0);
  put("0000644\0", 100);
  put("0000000\0", 108);
  put("0000000\0", 116);
  put(`${text.length.toString(8).padStart(11, "0")}\0`, 124);
  put("00000000000\0", 136);
  put("        ", 148);
  put("0", 156);
  put("ustar\u000000", 257);
  put(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
    148,
  );
  const body = Buffer.alloc(Math.ceil(text.length / 512) * 512);
  body.write(text, "latin1");
  return gzipSync(Buffer.concat([header, body, Buffer.alloc(1024)]));
}
