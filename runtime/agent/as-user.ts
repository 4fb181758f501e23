/** Works as the job's user for a while, so that nothing the job brought along can act as root. */
import type { AgentBoot } from "../core/agent-protocol";

/** Changes the whole process: nothing that needs root may happen beside it. The agent's own rights always come back. */
export async function asUser<T>(user: AgentBoot["user"], work: () => Promise<T>): Promise<T> {
  if (user === undefined) return work();
  const own = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0, groups: process.getgroups?.() ?? [] };
  try {
    // The user comes last: without root the other two cannot be changed.
    process.setgroups?.([user.gid]);
    process.setegid?.(user.gid);
    process.seteuid?.(user.uid);
    return await work();
  } finally {
    process.seteuid?.(own.uid);
    process.setegid?.(own.gid);
    process.setgroups?.(own.groups);
  }
}
