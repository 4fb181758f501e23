/** The environment of the job's command. Nothing of the agent's own goes in but the search path and the language. */
import { userInfo } from "node:os";
import type { AgentBoot, Assignment } from "../core/agent-protocol";
import type { JobFolders } from "./job-folders";

export const usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export interface JobEnvironmentParts {
  readonly assignment: Assignment;
  readonly boot: AgentBoot;
  readonly folders: JobFolders;
  readonly inherited: { readonly path: string; readonly language: string };
}

type Environment = Record<string, string>;

export function jobEnvironment({ assignment, ...parts }: JobEnvironmentParts): Environment {
  return ownEnvironment(parts, {
    ONEJOB_JOB: assignment.job,
    ONEJOB_ATTEMPT: String(assignment.attempt),
    ONEJOB_JOB_NAME: assignment.name,
    ...assignment.env,
  });
}

/** What every process of a job has, with more of its own. */
export function ownEnvironment(
  { boot, folders, inherited }: Omit<JobEnvironmentParts, "assignment">,
  more: Readonly<Environment>,
): Environment {
  const user = userName(boot.user);
  return {
    ...boot.environment,
    PATH: inherited.path,
    LANG: inherited.language,
    HOME: folders.home,
    TMPDIR: folders.temporary,
    USER: user,
    LOGNAME: user,
    SHELL: "/bin/sh",
    CI: "true",
    ONEJOB: "true",
    ...more,
    // Last, so that no job can hide its processes by accident.
    ...boot.marker,
    ONEJOB_ROLE: "job",
  };
}

function userName(user: AgentBoot["user"]): string {
  if (user !== undefined) return "onejob";
  try {
    return userInfo().username;
  } catch {
    // Containers run as users that no passwd file knows.
    return "onejob";
  }
}
