/** Brings a release's archive: measured while it comes, and of no use to anybody unless it is the announced one. */
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import type { IncomingMessage } from "node:http";
import { pipeline } from "node:stream/promises";
import { ListenerRefusal } from "../listener-refusal";
import { runnerLimits } from "./unpack-runner";
import type { RunnerRelease } from "./release";
import type { Asking, ReleaseServer } from "./release-server";

/** Throws a `ListenerRefusal`. What is in the file then is not the archive. */
export async function downloadRelease(
  release: RunnerRelease,
  file: string,
  { server, ...asking }: Asking & { readonly server: ReleaseServer },
): Promise<void> {
  await server.get(release.url, asking, (message) => save(message, release, file));
}

async function save(message: IncomingMessage, release: RunnerRelease, file: string): Promise<void> {
  const hash = createHash("sha256");
  const limit = release.bytes ?? runnerLimits.packedBytes;
  let bytes = 0;
  const measured = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of message as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      // Enough to know that it is the wrong one.
      if (bytes > limit) return;
      hash.update(chunk);
      yield chunk;
    }
  };
  await pipeline(measured, createWriteStream(file, { mode: 0o600 }));
  if (bytes > limit) throw wrong(release, `it is larger than the ${limit} bytes announced`);
  // A connection that broke looks like an end where nobody said how long it would be.
  if (release.bytes !== null && bytes < limit) throw new Error(`${bytes} of ${limit} bytes arrived`);
  const found = hash.digest("hex");
  if (found !== release.sha256) throw wrong(release, `its SHA-256 is ${found} and not ${release.sha256}`);
}

function wrong({ version }: RunnerRelease, problem: string): ListenerRefusal {
  const detail = `the archive of GitHub's runner ${version} is not the announced one: ${problem}; look who answers there`;
  return new ListenerRefusal("misconfigured", detail);
}
