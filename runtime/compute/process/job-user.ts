/** As root, every job runs as a user of its own: the lowest uid from `firstUid` on that nobody has. */
import { readFile, readdir, lstat } from "node:fs/promises";
import { join } from "node:path";
import { ignoreAbsent } from "./errno";
import type { Host } from "./host";
import { LaunchRefusal } from "./launch-refusal";
import { readAllRecords } from "./machine-record";

export interface JobUser {
  readonly uid: number;
  readonly gid: number;
}

const slots = 4_096;

/** Not safe against itself: the caller lets in one at a time, until the uid stands in a record. */
export async function freeUser(host: Host, firstUid: number): Promise<JobUser> {
  const taken = await takenUids(host);
  for (let uid = firstUid; uid < firstUid + slots; uid++) if (!taken.has(uid)) return { uid, gid: uid };
  throw new LaunchRefusal(
    "misconfigured",
    `no free user id from ${firstUid} to ${firstUid + slots - 1}; set profiles[].compute.firstUid to a range nobody uses`,
  );
}

async function takenUids(host: Host): Promise<ReadonlySet<number>> {
  const recorded = (await readAllRecords(host.runnersDir)).flatMap(({ record }) =>
    typeof record === "object" && record.user !== null ? [record.user.uid] : [],
  );
  const living = host.table.snapshot().flatMap((entry) => entry.uids);
  return new Set([...recorded, ...living, ...(await accounts()), ...(await foreignJobs(host))]);
}

async function accounts(): Promise<readonly number[]> {
  const text = (await readFile("/etc/passwd", "utf8").catch(ignoreAbsent)) ?? "";
  return text.split("\n").map((line) => Number(line.split(":")[2]));
}

/** Another server on this machine may use the same range; its job folders show which uids it took. */
async function foreignJobs(host: Host): Promise<readonly number[]> {
  const names = (await readdir(host.jobsRoot)).filter((name) => name.startsWith("onejob-"));
  const found = await Promise.all(names.map((name) => lstat(join(host.jobsRoot, name)).catch(ignoreAbsent)));
  return found.flatMap((stat) => (stat === undefined ? [] : [stat.uid]));
}
