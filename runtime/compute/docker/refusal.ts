/** What an engine's refusal means to a launch: wait, or tell the user what to change. */
import { LaunchRefusal, type RefusedOutcome } from "../../core/launch-refusal";
import { type EngineError, isEngineError } from "./engine-error";

/**
 * Engines pass on what registries, runtimes and kernels say, and have no codes for it: Docker puts most of it under
 * status 500, and Podman nearly all. So their words are read; what is in none of these lines is taken to pass by itself.
 */
const told: readonly (readonly [RegExp, RefusedOutcome])[] = [
  [/no space left|disk quota exceeded|not enough (disk )?space/i, "quota"],
  [/toomanyrequests|too many requests|rate limit|\b429\b/i, "throttled"],
  [/cannot allocate memory|resource temporarily unavailable|too many open files|temporary failure/i, "no-capacity"],
  [/no such host|connection refused|i\/o timeout|tls handshake|network is unreachable|\beof\b/i, "no-capacity"],
  // Somebody removed it a moment ago.
  [/no such (image|container)|image not known/i, "no-capacity"],
  [
    /manifest unknown|name unknown|: not found\b|repository .*not (found|known)|does not exist|not found: manifest/i,
    "misconfigured",
  ],
  [/no matching manifest|no image found in .*(architecture|manifest|index)/i, "misconfigured"],
  [/denied|unauthorized|authentication required|forbidden|invalid (reference|username)/i, "misconfigured"],
  [/x509|certificate|server gave http response/i, "misconfigured"],
  [/network .*not found|unable to find network|no such network/i, "misconfigured"],
  [
    /oci runtime|executable file|exec format error|bind source path|statfs|not (a directory|supported)/i,
    "misconfigured",
  ],
];

export function refusalOf(error: EngineError, doing: string): LaunchRefusal {
  const outcome = told.find(([words]) => words.test(error.message))?.[1] ?? byKind(error);
  return new LaunchRefusal(outcome, `${doing}: ${error.message}${remedy(error)}`, { cause: error });
}

function byKind(error: EngineError): RefusedOutcome {
  return isEngineError(error, "refused", "absent") ? "misconfigured" : "no-capacity";
}

function remedy(error: EngineError): string {
  if (error.kind !== "unreachable") return "";
  return /EACCES|EPERM/.test(error.message)
    ? "; let the server's user use it (group docker, or a rootless engine), or set compute.socket"
    : "; start Docker or Podman, or set compute.socket";
}
