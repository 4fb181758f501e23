/** What `find` and `rm` do, for where they are absent or stop at paths too long for the system (Alpine). */
import type * as FileSystem from "node:fs";

/**
 * Removes what is in the working folder, or what belongs to `uid` directly in it. Goes in and out step by step, so that
 * no path is ever long. Run from its own text by another process: it may use nothing but what it is given.
 */
export function emptyFolder(fs: typeof FileSystem, here: NodeJS.Process, uid: number | null): void {
  const way: string[] = [];
  const seen = new Set<string>();
  const idOf = (path: Buffer | string): string => [fs.lstatSync(path).dev, fs.lstatSync(path).ino].join();
  const works = (action: () => void): boolean => {
    try {
      action();
      return true;
    } catch {
      return false;
    }
  };
  const enter = (name: Buffer): void => {
    if (seen.has(idOf(name))) throw new Error("it could not be emptied before");
    const above = idOf(".");
    const text = name.toString();
    const isText = name.equals(Buffer.from(text));
    // There is no way into a name that is not UTF-8.
    const plain = isText ? text : [".onejob", here.pid, seen.size].join("-");
    if (!isText) fs.renameSync(name, plain);
    fs.chmodSync(plain, 0o700);
    here.chdir(plain);
    way.push(above);
    seen.add(idOf("."));
  };
  const names = (): Buffer[] => {
    const all = fs.readdirSync(".", { encoding: "buffer" });
    return way.length > 0 || uid === null ? all : all.filter((name) => fs.lstatSync(name).uid === uid);
  };
  for (;;) {
    const left = names().filter((name) => !works(() => fs.unlinkSync(name)) && !works(() => fs.rmdirSync(name)));
    if (left.some((name) => works(() => enter(name)))) continue;
    const above = way.pop();
    if (above === undefined) return;
    here.chdir("..");
    // Somebody moved the folder we were in: what is here now was never ours to empty.
    if (idOf(".") !== above) return;
  }
}
