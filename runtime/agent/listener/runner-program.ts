/** The program that makes a folder GitHub's runner. */
import { lstat, stat } from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "../../core/error-facts";

export const listenerProgram = join("bin", "Runner.Listener");

/** What is wrong with its program, to be read after its name; `undefined`: nothing. */
export async function programProblem(folder: string): Promise<string | undefined> {
  try {
    const found = await stat(join(folder, listenerProgram));
    if (!found.isFile()) return "is no file";
    return (found.mode & 0o111) === 0 ? "is not executable (chmod +x)" : undefined;
  } catch (error) {
    const code = errorCode(error);
    if (code !== "ENOENT" && code !== "ENOTDIR") return `cannot be read (${code ?? "unknown error"})`;
    const isFolder = await lstat(folder).then(
      () => true,
      () => false,
    );
    return isFolder ? "is not there" : "is not there, nor is the folder";
  }
}
