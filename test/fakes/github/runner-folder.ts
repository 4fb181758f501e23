/** A folder that looks like an unpacked actions-runner, with the stand-in listener in its place. */
import { chmod, copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";

const programs = ["Runner.Listener", "Runner.Worker"];

/** Writes `bin/Runner.Listener` and what belongs to it into the folder, made when missing. Answers the folder. */
export async function makeRunnerFolder(folder: string): Promise<string> {
  await mkdir(join(folder, "bin"), { recursive: true });
  for (const name of programs) {
    const target = join(folder, "bin", name);
    await copyFile(join(__dirname, "listener", "bin", name), target);
    await chmod(target, 0o755);
  }
  return folder;
}
