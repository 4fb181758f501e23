/** Which server to talk to, and how to say who asks. Asked anew for every request: a restarted server has moved. */
import { resolve } from "node:path";
import { OnejobError } from "../core/errors";
import { dataDir, readServerInfo, readToken } from "../entry/local/data-dir";
import { readText } from "../entry/local/read-text";
import type { CliIo } from "./io";

export interface AddressOptions {
  readonly fleet?: string;
  readonly url?: string;
  readonly tokenFile?: string;
  readonly dataDir?: string;
}

export interface Address {
  readonly url: URL;
  /** The Unix socket to connect to instead of the URL's host and port. */
  readonly socket?: string;
  /** Headers that say who asks. */
  readonly proof: (outgoing: Outgoing) => Readonly<Record<string, string>>;
  /** Where the address comes from, for error messages. */
  readonly from: string;
  /** The fleet whose function it is. Its door takes only requests that came whole, and answers some of them itself. */
  readonly fleet?: string;
}

/** A request as it will be sent. */
export interface Outgoing {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Whole for a fleet; `null`: it is none of the proof's business. */
  readonly body: string | Uint8Array | null;
}

type Environment = Pick<CliIo, "env" | "home" | "cwd">;

export function serverAddress(options: AddressOptions, io: Environment): Address {
  const given = options.url ?? (io.env.ONEJOB_URL || undefined);
  if (given === undefined) return localAddress(options, io);
  const url = parseUrl(given);
  return { url, proof: bearer(tokenFor(url, options, io)), from: options.url ? "--url" : "ONEJOB_URL" };
}

export function dataFolder(options: AddressOptions, io: Environment): string {
  return dataDir({ flag: options.dataDir, env: io.env, home: io.home, cwd: io.cwd });
}

function localAddress(options: AddressOptions, io: Environment): Address {
  const folder = dataFolder(options, io);
  const info = readServerInfo(folder);
  if (info === null) throw new OnejobError("unreachable", `no server is running with the data folder ${folder}`);
  return {
    url: parseUrl(info.url),
    // Never the port beside it: while the server is down that may be somebody else's.
    ...(info.socket === undefined ? {} : { socket: info.socket }),
    proof: bearer(givenToken(options, io) ?? ownToken(folder)),
    from: `${folder}/server.json`,
  };
}

function bearer(token: string | null): Address["proof"] {
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  return () => headers;
}

/** The data folder's token stays on this machine unless that folder was named: it is not the other server's business. */
function tokenFor(url: URL, options: AddressOptions, io: Environment): string | null {
  const given = givenToken(options, io);
  if (given !== null) return given;
  const named = options.dataDir !== undefined || Boolean(io.env.ONEJOB_DATA_DIR);
  return named || isLoopback(url.hostname) ? ownToken(dataFolder(options, io)) : null;
}

function givenToken({ tokenFile }: AddressOptions, io: Environment): string | null {
  const token = tokenFile === undefined ? io.env.ONEJOB_TOKEN : readTokenFile(resolve(io.cwd, tokenFile));
  return token ? sendable(token.trim(), "the given token") : null;
}

function ownToken(folder: string): string | null {
  const token = readToken(folder);
  return token === null ? null : sendable(token, `the token in ${folder}`);
}

/** Anything else cannot travel in a header, and would fail with a message that may show it. */
function sendable(token: string, what: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new OnejobError("unauthorised", `${what} has characters no token has`);
}

/** Far more than any token has. */
const mostTokenBytes = 64 * 1024;

function readTokenFile(file: string): string {
  try {
    const token = readText(file, mostTokenBytes).trim();
    if (token !== "") return token;
  } catch (error) {
    throw new OnejobError("unauthorised", `the token file ${file} cannot be read`, { cause: error });
  }
  throw new OnejobError("unauthorised", `the token file ${file} is empty`);
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw new OnejobError(
    "usage",
    `the server's address must look like http://127.0.0.1:7433, not ${JSON.stringify(text)}`,
  );
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
