/** What the system refused, as the planner needs to hear it. */
import { errorCode, errorText } from "../../core/error-facts";
import { LaunchRefusal } from "../../core/launch-refusal";

/** The machine is full at the moment: waiting helps, a change of the configuration does not. */
const full = new Set(["EAGAIN", "ENOMEM", "EMFILE", "ENFILE", "ENOSPC", "EDQUOT"]);

/** System errors name a path and a code, never what was written. */
export function refusalOf(error: unknown): LaunchRefusal {
  if (error instanceof LaunchRefusal) return error;
  const detail = errorText(error);
  return full.has(errorCode(error) ?? "")
    ? new LaunchRefusal("no-capacity", `this machine has no room for another process: ${detail}`, { cause: error })
    : new LaunchRefusal("misconfigured", `the machine could not be prepared: ${detail}`, { cause: error });
}
