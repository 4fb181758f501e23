/**
 * As root, every job runs as a user of its own: the lowest uid from `firstUid` on that nobody has. A uid is claimed in
 * a folder that all servers of the machine share, for two jobs of one uid could end each other.
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, unlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errnoOf, ignoreAbsent } from "../../machine/errno";
import type { Host } from "./host";
import { LaunchRefusal } from "./launch-refusal";
import { machineDir } from "./machine-record";

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
  const claim = await readFile(file, "utf8").catch(ignoreAbsent);
  if (claim === machineDir(host.runnersDir, machine)) await unlink(file).catch(ignoreAbsent);
}

async function take(host: Host, uid: number, claim: string): Promise<boolean> {
  const file = claimFile(host, uid);
  const standing = await readFile(file, "utf8").catch(ignoreAbsent);
  if (standing === claim) return true;
  // Only this server's own: whether another's is left over, it alone can know.
  const leftOver = standing !== undefined && dirname(standing) === host.runnersDir && !existsSync(standing);
  if (leftOver) await unlink(file).catch(ignoreAbsent);
  else if (standing !== undefined) return false;
  try {
    await writeFile(file, claim, { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return false;
    throw error;
  }
}

function claimFile(host: Host, uid: number): string {
  return join(host.claimsDir, String(uid));
}

async function takenUids(host: Host): Promise<ReadonlySet<number>> {
  const living = host.table.snapshot().flatMap((entry) => entry.uids);
  return new Set([...living, ...(await accounts())]);
}

async function accounts(): Promise<readonly number[]> {
  const text = (await readFile("/etc/passwd", "utf8").catch(ignoreAbsent)) ?? "";
  return text.split("\n").map((line) => Number(line.split(":")[2]));
}
