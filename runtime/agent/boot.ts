/** Reads the one line that the compute writes for the agent: to its standard input, or into a file. */
import { createReadStream } from "node:fs";
import { unlink } from "node:fs/promises";
import type { Readable } from "node:stream";
import type { AgentBoot } from "../core/agent-protocol";
import { ignoreAbsent } from "../core/error-facts";
import { isRecord, isStringRecord } from "./shapes";

const newline = 0x0a;
const longestLine = 1024 * 1024;

export type BootLine =
  | { readonly kind: "boot"; readonly boot: AgentBoot }
  /** The writer died before it had said everything. */
  | { readonly kind: "none" }
  | { readonly kind: "refused"; readonly problem: string };

/** Goes on at the end of the line without waiting for the end of the stream. */
export async function readBoot(input: Readable): Promise<BootLine> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of input as AsyncIterable<Buffer>) {
    const end = chunk.indexOf(newline);
    if (end >= 0) return parseBoot(Buffer.concat([...chunks, chunk.subarray(0, end)]));
    bytes += chunk.length;
    if (bytes > longestLine) return { kind: "refused", problem: "the boot line is longer than 1 MiB" };
    chunks.push(chunk);
  }
  const parsed = parseBoot(Buffer.concat(chunks));
  // Without its newline a line that makes no sense is one that was cut off.
  return parsed.kind === "boot" ? parsed : { kind: "none" };
}

/** Removes the file, for it holds the boot token; a second agent that is started with it finds nothing to do. */
export async function readBootFile(path: string): Promise<BootLine> {
  const file = createReadStream(path);
  try {
    const line = await readBoot(file);
    await unlink(path);
    return line;
  } catch (error) {
    ignoreAbsent(error);
    return { kind: "none" };
  } finally {
    file.destroy();
  }
}

function parseBoot(line: Buffer): BootLine {
  if (line.length === 0) return { kind: "none" };
  let value: unknown;
  try {
    value = JSON.parse(line.toString("utf8"));
  } catch {
    // The parser's own message quotes the text, and the text holds the boot token.
    return { kind: "refused", problem: "the boot line is not JSON" };
  }
  return isBoot(value) ? { kind: "boot", boot: value } : { kind: "refused", problem: "the boot line lacks a field" };
}

function isBoot(value: unknown): value is AgentBoot {
  if (!isRecord(value)) return false;
  const texts = [value["url"], value["stateDir"], value["jobDir"]];
  const { user, environment, marker, urlFile, socket, cacheDir, refusesForks, atEnd } = value;
  return (
    texts.every(isText) &&
    hasOneProof(value) &&
    (atEnd === undefined || atEnd === "poweroff") &&
    (urlFile === undefined || typeof urlFile === "string") &&
    (socket === undefined || (typeof socket === "string" && socket !== "")) &&
    (user === undefined || (isRecord(user) && isId(user["uid"]) && isGroup(user["gid"]))) &&
    (cacheDir === undefined || (typeof cacheDir === "string" && cacheDir !== "")) &&
    (refusesForks === undefined || refusesForks === true) &&
    (environment === undefined || isStringRecord(environment)) &&
    isStringRecord(marker) &&
    // Without it the job's processes could not be told from anybody else's.
    (marker["ONEJOB_RUNNER"] ?? "") !== ""
  );
}

function hasOneProof({ bootToken, aws }: Readonly<Record<string, unknown>>): boolean {
  if (aws === undefined) return isText(bootToken);
  return bootToken === undefined && isRecord(aws) && isText(aws["fleet"]) && isText(aws["region"]);
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

function isId(value: unknown): boolean {
  return isGroup(value) && value !== 0;
}

/** Many images give their users the group of root. */
function isGroup(value: unknown): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}
