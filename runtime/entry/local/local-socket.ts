/**
 * The door for peers of this machine: the same routes as over TCP, on a Unix socket in the data folder. While the server
 * is down anybody may take its TCP port; nobody but the owner of the data folder can take the socket's place.
 */
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { dirname } from "node:path";
import type { FastifyInstance } from "fastify";
import { errorCode } from "../../core/error-facts";
import { OnejobError } from "../../core/errors";
import { defaultLimits } from "../http/context";

export interface LocalSocketOptions {
  readonly http: FastifyInstance;
  /** `undefined`: there is no socket (see `socketPath`). */
  readonly path: string | undefined;
  /** How long answers under way may take when the server closes, in milliseconds. @default as over TCP */
  readonly closeMs?: number;
}

export interface LocalSocket {
  /** Once the server listens on TCP, and with the data folder locked. Throws `data-dir-unwritable`. */
  listen(): Promise<void>;
}

/** Made before the server listens. Closing the server closes the socket and removes its file. */
export function localSocket({ http, path, closeMs = defaultLimits.closeMs }: LocalSocketOptions): LocalSocket {
  const open = new Set<Socket>();
  // One HTTP server with two doors, because what takes turns in its routes must take them for both.
  const door = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    http.server.emit("connection", socket);
  });
  // Past the HTTP server's own limit: half-open connections would use up the files of the whole process.
  door.maxConnections = defaultLimits.connections;
  http.addHook("onClose", async () => {
    if (!door.listening) return;
    const closed = new Promise<void>((resolve) => door.close(() => resolve()));
    http.server.closeIdleConnections();
    const timer = setTimeout(() => open.forEach((socket) => socket.destroy()), closeMs);
    await closed;
    clearTimeout(timer);
  });
  return {
    async listen() {
      if (path === undefined) return;
      try {
        makeOwnFolder(dirname(path));
        // Left by a server that was killed: we hold the data folder, so nobody listens there.
        rmSync(path, { force: true });
        await new Promise<void>((resolve, reject) => {
          door.once("error", reject);
          door.listen(path, resolve);
        });
        chmodSync(path, 0o600);
      } catch (cause) {
        const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
        throw new OnejobError("data-dir-unwritable", `${path} cannot be listened on (${code})`, { cause });
      }
    },
  };
}

/** Containers that have it mounted see each next socket in it, so it must stay the same folder. */
function makeOwnFolder(dir: string): void {
  try {
    mkdirSync(dir, { mode: 0o700 });
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
}
