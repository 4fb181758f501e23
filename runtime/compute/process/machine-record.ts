/**
 * What we know of a machine, in `runners/<id>/machine.json`. Written before anything it names is made, so that a crash
 * between any two steps leaves nothing that nobody knows of.
 */
import { readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ignoreAbsent } from "../../core/error-facts";
import { isMachineName } from "../../core/machine-name";

export interface MachineRecord {
  readonly launch: string;
  readonly runner: string;
  readonly profile: string;
  /** The job's own user, when the server runs as root. */
  readonly user: { readonly uid: number; readonly gid: number } | null;
  readonly jobDir: string;
  readonly cgroup: string | null;
  /** `null`: no agent was ever given its orders. Written before the orders are, so that none is given twice. */
  readonly agent: AgentProcess | null;
}

export interface AgentProcess {
  readonly pid: number;
  /** Process ids are used again; this one at this start time is not. */
  readonly startTime: string;
}

export function machineDir(runnersDir: string, machine: string): string {
  return join(runnersDir, machine);
}

export function recordFile(dir: string): string {
  return join(dir, "machine.json");
}

/** `unreadable`: there is a record, but what it says is lost. */
export async function readRecord(dir: string): Promise<MachineRecord | "absent" | "unreadable"> {
  const text = await readFile(recordFile(dir), "utf8").catch(ignoreAbsent);
  if (text === undefined) return "absent";
  const parsed = parse(text);
  return isRecord(parsed) ? parsed : "unreadable";
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Of every machine folder there is. */
export async function readAllRecords(
  runnersDir: string,
): Promise<readonly { readonly machine: string; readonly record: Awaited<ReturnType<typeof readRecord>> }[]> {
  const entries = (await readdir(runnersDir, { withFileTypes: true }).catch(ignoreAbsent)) ?? [];
  const machines = entries.filter((entry) => entry.isDirectory() && isMachineName(entry.name));
  return Promise.all(
    machines.map(async ({ name }) => ({ machine: name, record: await readRecord(machineDir(runnersDir, name)) })),
  );
}

/** In one step: a reader sees the old record or the new one. */
export async function writeRecord(dir: string, record: MachineRecord): Promise<void> {
  const next = `${recordFile(dir)}.next`;
  await writeFile(next, `${JSON.stringify(record)}\n`, { mode: 0o600 });
  await rename(next, recordFile(dir));
}

function isRecord(value: unknown): value is MachineRecord {
  if (!isObject(value)) return false;
  const texts = [value["launch"], value["runner"], value["profile"], value["jobDir"]];
  return (
    texts.every((text) => typeof text === "string") &&
    (value["cgroup"] === null || typeof value["cgroup"] === "string") &&
    isNullOr(value["user"], (user) => isId(user["uid"]) && isId(user["gid"])) &&
    isNullOr(value["agent"], (agent) => isId(agent["pid"]) && typeof agent["startTime"] === "string")
  );
}

function isNullOr(value: unknown, holds: (value: Record<string, unknown>) => boolean): boolean {
  return value === null || (isObject(value) && holds(value));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** Neither root nor pid 0, which means "my own group" to kill. */
function isId(value: unknown): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
}
