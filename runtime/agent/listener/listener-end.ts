/** What it means that a listener ended. */
import type { ReasonCode } from "../../core/reasons";
import type { CommandEnd } from "../command";

export interface SeenOfListener {
  /** Why it was stopped; `null`: it was not. */
  readonly stopped: ReasonCode | null;
  /** It was asked to leave while it had no job. */
  readonly leaves: boolean;
  readonly hadJob: boolean;
  readonly lastLines: string;
  /** The folder it came from. */
  readonly origin: string;
  /** Why this machine cannot run the program at all; `undefined`: it can. */
  readonly foreign: string | undefined;
}

export interface Verdict {
  readonly reason: ReasonCode | null;
  readonly detail: string | null;
}

/** The forge stopped taking this version. */
const tooOld = 7;
/** It wants to be replaced by a newer version first. */
const updating = [3, 4];

export function judgeEnd({ exitCode, signal }: CommandEnd, seen: SeenOfListener): Verdict {
  if (seen.stopped !== null) return { reason: seen.stopped, detail: null };
  // 0: it served one job or none, and only the forge knows how that went.
  if (exitCode === 0 || seen.leaves || seen.hadJob) return { reason: null, detail: null };
  if (exitCode === tooOld) {
    const fix = `set sources[].runner.version to latest or renew ${seen.origin}`;
    return { reason: "misconfigured", detail: `the runner is too old for the server (exit 7): ${fix}` };
  }
  if (seen.foreign !== undefined) {
    return { reason: "misconfigured", detail: `bin/Runner.Listener of ${seen.origin} ${seen.foreign}` };
  }
  const how = exitCode === null ? `by signal ${signal}` : `with exit code ${exitCode}`;
  const hint = updating.includes(exitCode ?? 0)
    ? "; it wants a newer version: set sources[].runner.version to latest"
    : "";
  const lines = seen.lastLines === "" ? "; it wrote nothing" : `; its last lines: ${seen.lastLines}`;
  return { reason: "boot-failing", detail: `the listener ended ${how} before it had a job${hint}${lines}` };
}
