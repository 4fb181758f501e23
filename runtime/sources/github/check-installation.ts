/** The part of the check that reads what an app was granted where it is installed. */
import type { GithubSourceSettings } from "../../core/settings";
import { bad, good } from "./findings";
import type { Installation } from "./installations";
import type { GithubFinding } from "./options";
import type { Right } from "./rights";
import { grantFor, howToGrant } from "./rights";

export interface InstallationQuestion {
  readonly scope: string;
  readonly intake: GithubSourceSettings["intake"];
}

export function checkInstallation(
  installation: Installation,
  { scope, intake }: InstallationQuestion,
): readonly GithubFinding[] {
  const id = `github-installation-${scope}`;
  if (installation.suspended)
    return [bad(id, `the app is suspended for "${scope}"`, "unsuspend it in the settings of its owner there")];
  return [checkPermissions(installation, scope), ...(intake === "poll" ? [] : checkEvents(installation, scope))];
}

function checkPermissions({ permissions }: Installation, scope: string): GithubFinding {
  const id = `github-permissions-${scope}`;
  if (Object.keys(permissions).length === 0) return good(id, `the server does not say what the app may do`);
  const lacks = (right: Right): boolean => {
    const { permission, level } = grantFor(right, scope);
    const given = permissions[permission];
    return given !== "write" && given !== level;
  };
  const missing = (["runners", "read-jobs"] as const).filter(lacks);
  const [first] = missing;
  if (first !== undefined) {
    const what = missing.map((right) => grantFor(right, scope).shown).join(" and the ");
    const fix = missing.map((right) => howToGrant(right, { scope, auth: "app" })).join("; ");
    return bad(id, `the app lacks the ${what} for "${scope}"`, fix);
  }
  if (!lacks("control-jobs")) return good(id, `the app may do for "${scope}" all it has to`);
  const cannot =
    'neither cancel nor repeat them, not even those that a fleet lost a machine under ("Actions" is read-only)';
  return good(id, `the app may run jobs for "${scope}", but ${cannot}`);
}

function checkEvents({ events }: Installation, scope: string): readonly GithubFinding[] {
  const id = `github-events-${scope}`;
  if (events === null) return [];
  if (!events.includes("workflow_job"))
    return [bad(id, "the app hears nothing of jobs", 'subscribe it to the event "Workflow job" in its settings')];
  const told = events.includes("workflow_run")
    ? "jobs and runs"
    : 'jobs; subscribed to "Workflow run" it would repeat them sooner';
  return [good(id, `the app hears of ${told}`)];
}
