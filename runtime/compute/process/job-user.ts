/**
 * As root, every job runs as a user of its own: the lowest uid from `firstUid` on that nobody has. A uid is claimed in
 * a folder that all servers of the machine share, for two jobs of one uid could end each other.
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { removeClaim } from "./claim";
import type { Host } from "./host";
import { removeStrays } from "./job-folder";
import { LaunchRefusal } from "../../core/launch-refusal";
import { machineDir } from "./machine-record";
import { errorCode, errorText, ignoreAbsent } from "../../core/error-facts";

export interface JobUser {
  readonly uid: number;
  readonly gid: number;
}

const slots = 4_096;

/** Claims a user for this machine. A machine that has one already gets it again. */
export async function claimUser(host: Host, machine: string, firstUid: number): Promise<JobUser> {
  await mkdir(host.claimsDir, { recursive: true, mode: 0o700 });
  const taken = await takenUids(host);
  const claim = machineDir(host.runnersDir, machine);
  for (let uid = firstUid; uid < firstUid + slots; uid++) {
    if (!taken.has(uid) && (await take(host, uid, claim))) return { uid, gid: uid };
  }
  throw new LaunchRefusal(
    "misconfigured",
    `no free user id from ${firstUid} to ${firstUid + slots - 1}; set profiles[].compute.firstUid to a range nobody uses`,
  );
}

/** Once nothing of the machine is left; another's claim stays. */
export async function releaseUser(host: Host, machine: string, { uid }: JobUser): Promise<void> {
  const file = claimFile(host, uid);
  const own = machineDir(host.runnersDir, machine);
  if ((await readFile(file, "utf8").catch(ignoreAbsent)) === own) await removeClaim(file, own);
}

async function take(host: Host, uid: number, claim: string): Promise<boolean> {
  const file = claimFile(host, uid);
  const standing = await readFile(file, "utf8").catch(ignoreAbsent);
  if (standing === claim) return true;
  if (standing !== undefined && !(await freed(host, uid, standing))) return false;
  try {
    await writeFile(file, claim, { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  }
}

/** Frees what nobody will ever give back. No living process has the uid, or it would not be asked for. */
async function freed(host: Host, uid: number, standing: string): Promise<boolean> {
  if (!isAbsolute(standing) || existsSync(standing)) return false;
  const runnersDir = dirname(standing);
  if (runnersDir !== host.runnersDir) {
    // While another server's data folder is there, that server alone knows whether the claim is left over.
    if (existsSync(runnersDir) || !(await isClean(host, { uid, gid: uid }))) return false;
  }
  return removeClaim(claimFile(host, uid), standing);
}

async function isClean(host: Host, user: JobUser): Promise<boolean> {
  try {
    await removeStrays(host, user);
    return true;
  } catch (error) {
    host.log.warn("a user id stays unused", { uid: user.uid, error: errorText(error) });
    return false;
  }
}

function claimFile(host: Host, uid: number): string {
  return join(host.claimsDir, String(uid));
}

async function takenUids(host: Host): Promise<ReadonlySet<number>> {
  const living = host.table.snapshot().flatMap((entry) => entry.uids);
  const files = await Promise.all([host.accounts.users, host.accounts.groups].map(idsIn));
  return new Set([...living, ...files.flat()]);
}

/** The number of an account stands third in `/etc/passwd` and in `/etc/group`. A job's gid is its uid. */
async function idsIn(file: string): Promise<readonly number[]> {
  const text = (await readFile(file, "utf8").catch(ignoreAbsent)) ?? "";
  return text.split("\n").map((line) => Number(line.split(":")[2]));
}
