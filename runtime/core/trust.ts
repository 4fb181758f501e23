/** Whether a forge's job may run on a compute, by what stands between the job and the server's host. */
import type { Bar } from "./model";
import type { Wall } from "./ports";
import type { GithubSourceSettings } from "./settings";

export interface Stranger {
  readonly trust: GithubSourceSettings["trust"];
  /** Whether its code comes from a fork, that is from anybody; `null`: not known. */
  readonly fork: boolean | null;
}

/** Closed where in doubt: what cannot be shown to come from the repository itself counts as a fork's. */
export function barOf(wall: Wall, { trust, fork }: Stranger): Bar | null {
  if (wall === "machine") return null;
  if (fork === null) return barred("its run could not be read, so its code may come from a fork");
  if (fork) return barred("its code comes from a fork, and process compute is no wall against it; use docker for it");
  if (wall === "none" && trust === null)
    return barred("it would run as the server's own user; set `trust: same-user` on its source, or use docker");
  return null;
}

function barred(detail: string): Bar {
  return { reason: "untrusted-on-process", detail };
}
