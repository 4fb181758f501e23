/** Where a server keeps its things, and what it leaves there for others: its address and its token. */
import { readFileSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { OnejobError } from "../../core/errors";

export interface ServerInfo {
  readonly url: string;
  /** A Unix socket of the same server: for everybody who can read this file the way that nobody else can take. */
  readonly socket?: string | undefined;
  readonly pid: number;
  readonly version: string;
  readonly startedAt: string;
}

export interface DataDirQuery {
  /** Value of `--data-dir`. */
  readonly flag?: string | null | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** Relative paths start here; the working folder of the process unless given. */
  readonly cwd?: string;
}

/** `--data-dir`, else `ONEJOB_DATA_DIR`, else `$XDG_STATE_HOME/onejob`, else `~/.local/state/onejob`; absolute. */
export function dataDir({ flag, env, home, cwd = process.cwd() }: DataDirQuery): string {
  const chosen = flag || env.ONEJOB_DATA_DIR;
  if (chosen) return resolve(cwd, chosen);
  const state = env.XDG_STATE_HOME;
  // The XDG specification: a relative path is invalid and must be ignored.
  return state && isAbsolute(state) ? join(state, "onejob") : join(home, ".local", "state", "onejob");
}

/** What every system takes as a socket's address; macOS has room for 103 bytes, Linux for 107. */
const longestSocketPath = 100;

/**
 * The server's socket in its data folder; `undefined` when the folder's path is too long for one. It has a folder of its
 * own, with nothing else in it: that one is mounted into containers.
 */
export function socketPath(dir: string): string | undefined {
  const path = join(dir, "sock", "onejob.sock");
  return Buffer.byteLength(path) <= longestSocketPath ? path : undefined;
}

/** What the running server wrote when it was ready; `null` when none runs here. */
export function readServerInfo(dir: string): ServerInfo | null {
  const text = readIfThere(join(dir, "server.json"));
  if (text === null) return null;
  try {
    const info: unknown = JSON.parse(text);
    return isServerInfo(info) ? info : null;
  } catch {
    // Caught in the middle of being written: as good as not there yet.
    return null;
  }
}

/** The token of this data folder; `null` when there is none. */
export function readToken(dir: string): string | null {
  return readIfThere(join(dir, "token"))?.trim() || null;
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    // By shape, not by class: the error may come from another realm.
    const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    if (code === "EACCES" || code === "EPERM") {
      throw new OnejobError("unauthorised", `${file} may not be read by this user`, { cause: error });
    }
    throw new OnejobError("data-dir-unwritable", `${file} cannot be read`, { cause: error });
  }
}

function isServerInfo(value: unknown): value is ServerInfo {
  if (typeof value !== "object" || value === null) return false;
  // Without its socket a server would be looked for at its port, which may be somebody else's by now.
  if ("socket" in value && (typeof value.socket !== "string" || value.socket === "")) return false;
  return "url" in value && typeof value.url === "string" && "pid" in value && typeof value.pid === "number";
}
