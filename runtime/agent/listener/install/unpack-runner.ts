/** Unpacks a release's archive, by the same strict rules as a job's bundle: nothing may lead out of its folder. */
import { createReadStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { bundleLimits } from "../../../core/bundle";
import type { BundleLimits } from "../../../core/bundle";
import { unpackBundle } from "../../unpack";
import { ListenerRefusal } from "../listener-refusal";
import { programProblem } from "../runner-program";

const gibibyte = 1024 ** 3;

/** About four times what it is now. */
export const runnerLimits: BundleLimits = { ...bundleLimits, packedBytes: gibibyte, unpackedBytes: 4 * gibibyte };

/** Into a folder that is not there yet. Throws a `ListenerRefusal` when the archive is none that may be used. */
export async function unpackRunner(archive: string, folder: string): Promise<void> {
  await mkdir(folder, { mode: 0o700 });
  const unpacked = await unpackBundle(createReadStream(archive), folder, runnerLimits);
  const problem = unpacked.ok ? await programProblem(folder) : unpacked.problem;
  if (problem === undefined) return;
  const what = unpacked.ok ? `bin/Runner.Listener ${problem}` : problem;
  throw new ListenerRefusal("misconfigured", `the archive of GitHub's runner is refused: ${what}`);
}
