/** The small files a server leaves in its data folder: its token for ever, its pid and address while it runs. */
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { OnejobError } from "../../core/errors";
import { readToken, type ServerInfo } from "./data-dir";
import { ledgerFolder } from "./store/embedded-store";
import { errorCode, errorText } from "../../core/error-facts";

/** Makes the data folder, for this user's eyes only; root takes none that is another user's. Throws `data-dir-unwritable`. */
export function prepareDataDir(dir: string): void {
  try {
    makeFolder(dir);
    refuseForeign(dir);
    if ((statSync(dir).mode & 0o077) !== 0) chmodSync(dir, 0o700);
    writeWhole(join(dir, ".writable"), "");
    rmSync(join(dir, ".writable"));
  } catch (cause) {
    if (cause instanceof OnejobError) throw cause;
    throw new OnejobError("data-dir-unwritable", `${dir} (${errorCode(cause) ?? errorText(cause)})`, { cause });
  }
}

/** Level by level: Node's own recursive way never returns where a folder cannot be made in one that exists (/proc). */
function makeFolder(dir: string): void {
  if (statSync(dir, { throwIfNoEntry: false })?.isDirectory()) return;
  const parent = dirname(dir);
  if (parent !== dir) makeFolder(parent);
  try {
    mkdirSync(dir, { mode: 0o700 });
  } catch (error) {
    // Somebody made it in the same moment; if it is no folder, the next step says so.
    if (errorCode(error) !== "EEXIST" || !statSync(dir).isDirectory()) throw error;
  }
}

/** Root can write anywhere, but in another user's folder that user could put things in the place of ours. */
function refuseForeign(dir: string): void {
  const { uid } = statSync(dir);
  if (process.geteuid?.() !== 0 || uid === 0) return;
  throw new OnejobError("data-dir-unwritable", `${dir} belongs to user ${uid}, and this server runs as root`);
}

/**
 * An empty ledger knows none of the machines that another one made, and would have them ended with the jobs they run.
 * Throws `data-dir-unwritable`.
 */
export function refuseLostLedger(dir: string): void {
  const [ledger, runners] = [ledgerFolder(dir), join(dir, "runners")];
  // LevelDB begins anew wherever this file is missing.
  if (existsSync(join(ledger, "CURRENT"))) return;
  const left = existsSync(runners) ? readdirSync(runners).length : 0;
  if (left === 0) return;
  const detail = `${ledger} is gone, and ${left} of its machines are still in ${runners}; put it back, or end them and remove that folder to begin anew`;
  throw new OnejobError("data-dir-unwritable", detail);
}

/** The API token of this data folder, made at the first start. */
export function ensureToken(dir: string): string {
  const standing = readToken(dir);
  if (standing !== null) return standing;
  const token = `oj_${randomBytes(32).toString("base64url")}`;
  writeWhole(join(dir, "token"), `${token}\n`);
  return token;
}

/** Names this process as the owner, for the message of a second one. */
export function writePid(dir: string): void {
  writeWhole(join(dir, "pid"), `${process.pid}\n`);
}

export function readPid(dir: string): string | undefined {
  try {
    return readFileSync(join(dir, "pid"), "utf8").trim();
  } catch {
    return undefined;
  }
}

export function writeServerInfo(dir: string, info: ServerInfo): void {
  writeWhole(join(dir, "server.json"), `${JSON.stringify(info)}\n`);
}

/** Nobody serves here any more. */
export function dropServerInfo(dir: string): void {
  for (const name of ["server.json", "pid"]) rmSync(join(dir, name), { force: true });
}

/** Written beside and renamed, so that nobody ever reads half of it. */
function writeWhole(path: string, text: string): void {
  const fresh = `${path}.${process.pid}.new`;
  writeFileSync(fresh, text, { mode: 0o600 });
  renameSync(fresh, path);
}
