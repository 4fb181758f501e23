import type { Finding } from "./check";
import { bad, good } from "./check";

const least = { major: 20, minor: 19 };

export function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const enough = major > least.major || (major === least.major && minor >= least.minor);
  const what = `Node.js ${process.versions.node}`;
  return enough ? good(what) : bad(what, `install Node.js ${least.major}.${least.minor} or later`);
}

/** Information, not a fault: one's own jobs on one's own machine need no boundary. */
export function isolation(): Finding {
  if (process.getuid?.() === 0) return good("running as root: every process job gets its own user id");
  return good("process jobs run as the same user as the server: no boundary between them, or to this account's files");
}
