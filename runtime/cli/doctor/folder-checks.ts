import { accessSync, constants, existsSync, statfsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Context } from "../context";
import { bytes } from "../format";
import type { Finding } from "./check";
import { bad, good } from "./check";
import { errorCode, errorText } from "../../core/error-facts";

export function dataFolder({ dataFolder: folder }: Context): Finding {
  if (!existsSync(folder)) return creatable(folder);
  const stat = statSync(folder);
  if (!stat.isDirectory()) return bad(`${folder} is not a folder`, "move it away, or choose another with --data-dir");
  if (!writable(folder))
    return bad(`${folder} is not writable`, `give it to this user, or choose another with --data-dir`);
  const mode = stat.mode & 0o777;
  if (posix && (mode & 0o077) !== 0)
    return bad(`${folder} is open to others (mode ${mode.toString(8)})`, `chmod 700 ${folder}`);
  return good(`${folder} is there, writable and private`);
}

export function tokenFile({ dataFolder: folder }: Context): Finding {
  const file = join(folder, "token");
  if (!existsSync(file)) return good("there is no token yet; the server makes one when it starts");
  const mode = statSync(file).mode & 0o777;
  if (posix && (mode & 0o077) !== 0)
    return bad(`${file} can be read by others (mode ${mode.toString(8)})`, `chmod 600 ${file}`);
  return good(`${file} is private`);
}

const leastFree = 1_073_741_824;

export function diskSpace({ dataFolder: folder }: Context): Finding {
  const place = nearest(folder);
  try {
    const { bavail, bsize } = statfsSync(place);
    const free = bavail * bsize;
    const what = `${bytes(free)} free at ${place}`;
    return free >= leastFree
      ? good(what)
      : bad(what, `free at least ${bytes(leastFree)}, or choose another disk with --data-dir`);
  } catch (error) {
    return good(`free space at ${place} is not known (${errorCode(error) ?? errorText(error)})`);
  }
}

/** Windows keeps no such modes. */
const posix = process.platform !== "win32";

function creatable(folder: string): Finding {
  const parent = nearest(folder);
  if (writable(parent)) return good(`${folder} will be made when the server starts`);
  return bad(`${folder} is not there and cannot be made in ${parent}`, "choose another with --data-dir");
}

/** The folder, or the nearest one above it that is there. */
function nearest(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearest(dirname(folder));
}

function writable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
