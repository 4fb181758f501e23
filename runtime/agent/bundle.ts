/** Brings the packed working folder: fetched, checked, and only then unpacked, with the rights of the job. */
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { open, rm } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { AgentBoot, Assignment } from "../core/agent-protocol";
import type { Log, Random } from "../core/ports";
import { asUser } from "./as-user";
import { Backoff, rest } from "./backoff";
import type { AgentOptions } from "./options";
import type { ServerClient } from "./server-client";
import type { Session } from "./session";
import { unpackBundle } from "./unpack";
import { errorText } from "../core/error-facts";

export type BundleFacts = NonNullable<Assignment["bundle"]>;

export interface BundleParts {
  readonly boot: AgentBoot;
  readonly client: ServerClient;
  readonly session: Session;
  readonly options: AgentOptions;
  readonly random: Pick<Random, "fraction">;
  readonly log: Log;
}

export type Brought =
  | { readonly kind: "ready" }
  | { readonly kind: "refused"; readonly problem: string }
  /** The job is to be stopped; the session knows why. */
  | { readonly kind: "stopped" };

export async function bringBundle(facts: BundleFacts, target: string, parts: BundleParts): Promise<Brought> {
  const file = join(parts.boot.stateDir, "bundle");
  const fetched = await fetchBundle(facts, file, parts);
  if (fetched.kind !== "ready") return fetched;
  // Opened while the agent still has its own rights: the job's user cannot look into this folder.
  const handle = await open(file, "r");
  try {
    const unpacked = await asUser(parts.boot.user, () => unpackBundle(handle.createReadStream(), target));
    return unpacked.ok ? { kind: "ready" } : { kind: "refused", problem: unpacked.problem };
  } catch (error) {
    return { kind: "refused", problem: `it could not be unpacked: ${errorText(error)}` };
  } finally {
    await handle.close().catch(() => undefined);
    await rm(file, { force: true });
  }
}

async function fetchBundle(facts: BundleFacts, file: string, parts: BundleParts): Promise<Brought> {
  const { client, session, options, random, log } = parts;
  const signal = session.stopSignal;
  const backoff = new Backoff(options.backoff, random);
  while (!signal.aborted) {
    const reply = await client.bundle(signal);
    if (reply.kind === "answer") {
      const saved = await save(reply.value, facts, file).catch((error: unknown) => {
        log.warn("the bundle did not arrive whole; it is fetched again", { problem: errorText(error) });
        return undefined;
      });
      if (saved !== undefined) return saved;
    }
    if (reply.kind === "over") {
      if (reply.status === 404) return { kind: "refused", problem: "the server does not have it any more" };
      session.refused(session.attempt);
    }
    const asked = reply.kind === "failed" ? reply.retryAfterMs : null;
    if (!signal.aborted) await rest(backoff.nextMs(asked), signal);
  }
  return { kind: "stopped" };
}

async function save(body: IncomingMessage, facts: BundleFacts, file: string): Promise<Brought> {
  const hash = createHash("sha256");
  let bytes = 0;
  const measured = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      // Enough to know that it is the wrong one.
      if (bytes > facts.bytes) return;
      hash.update(chunk);
      yield chunk;
    }
  };
  await pipeline(measured, createWriteStream(file, { mode: 0o600 }));
  if (bytes > facts.bytes) return { kind: "refused", problem: `it is larger than the ${facts.bytes} bytes announced` };
  if (bytes < facts.bytes) throw new Error(`${bytes} of ${facts.bytes} bytes arrived`);
  if (hash.digest("hex") !== facts.sha256.toLowerCase()) {
    return { kind: "refused", problem: "its checksum is not the one announced" };
  }
  return { kind: "ready" };
}
