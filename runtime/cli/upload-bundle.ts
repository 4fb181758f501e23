/** Sends a packed folder past a fleet's functions, to the place that they offer for it. */
import { OnejobError } from "../core/errors";
import { ApiError } from "./api-error";
import type { UploadView } from "./api-types";
import type { Context } from "./context";
import { persist } from "./follow";
import type { HeldBundle } from "./held-bundle";
import { exchange } from "./http";
import type { Address } from "./server-address";

export interface Uploading {
  readonly bundle: HeldBundle;
  /** The same for every try, so that all of them fill one place. */
  readonly idempotencyKey: string;
  readonly signal: AbortSignal;
  readonly read: () => AsyncIterable<Uint8Array>;
}

/** What the job's spec calls it; `null` when the signal fired before it was there. */
export function uploadBundle(context: Context, uploading: Uploading): Promise<string | null> {
  const { bundle, idempotencyKey, signal } = uploading;
  const { bytes, sha256 } = bundle;
  return persist(context, signal, async ({ inContact }) => {
    const offer = await context.api.post<UploadView>("/api/v1/uploads", { bytes, sha256 }, { idempotencyKey, signal });
    inContact();
    await fill(offer, uploading);
    return offer.upload;
  });
}

async function fill({ url, headers }: UploadView, { signal, read }: Uploading): Promise<void> {
  const to = new URL(url);
  const store: Address = { url: new URL(to.origin), proof: () => ({}), from: "the fleet's bucket" };
  const path = `${to.pathname}${to.search}`;
  // The store answers once it has everything.
  const answer = await exchange(store, { method: "PUT", path, headers, body: read(), signal });
  const status = answer.statusCode ?? 0;
  const said = await words(answer);
  // 412: an earlier try has filled it, and its answer was lost.
  if ((status >= 200 && status < 300) || status === 412) return;
  const what = `the fleet's bucket did not take the packed folder (HTTP status ${status}${said})`;
  if (status >= 500 || /Expired|RequestTimeout|SlowDown/.test(said)) throw new OnejobError("fleet-unreachable", what);
  throw new ApiError(status, { code: "aws-refused", what, fix: "run `onejob doctor --fleet NAME`", retry: false });
}

/** `<Error><Code>AccessDenied</Code>…` → `, AccessDenied: …` */
async function words(answer: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of answer) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString("utf8");
  const [, code = ""] = /<Code>([A-Za-z]{1,100})<\/Code>/.exec(text) ?? [];
  const [, message = ""] = /<Message>([^<]{1,200})<\/Message>/.exec(text) ?? [];
  return code === "" ? "" : `, ${code}: ${message}`;
}
