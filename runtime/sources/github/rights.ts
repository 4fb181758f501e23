/** What each kind of call needs to be allowed, in the words of GitHub's own settings pages. */
import type { GithubAuth } from "../../core/settings";
import { isRepository } from "./urls";

/** What we want to do. */
export type Right = "runners" | "groups" | "read-jobs" | "control-jobs" | "repositories";

interface Grant {
  /** Name on the settings page, and in the `permissions` of an installation. */
  readonly shown: string;
  readonly permission: string;
  readonly level: "read" | "write";
  /** Of a classic token. */
  readonly classic: string;
}

const organisation: Grant = {
  shown: 'organization permission "Self-hosted runners"',
  permission: "organization_self_hosted_runners",
  level: "write",
  classic: "admin:org",
};
const repository: Grant = {
  shown: 'repository permission "Administration"',
  permission: "administration",
  level: "write",
  classic: "repo",
};
const actions: Grant = {
  shown: 'repository permission "Actions"',
  permission: "actions",
  level: "read",
  classic: "repo",
};
const metadata: Grant = {
  shown: 'repository permission "Metadata"',
  permission: "metadata",
  level: "read",
  classic: "repo",
};

export function grantFor(right: Right, scope: string): Grant {
  switch (right) {
    case "runners":
      return isRepository(scope) ? repository : organisation;
    case "groups":
      return { ...organisation, level: "read" };
    case "read-jobs":
      return actions;
    case "control-jobs":
      return { ...actions, level: "write" };
    case "repositories":
      return metadata;
  }
}

/** One sentence on what to do. */
export function howToGrant(right: Right, { scope, auth }: { scope: string; auth: GithubAuth["kind"] }): string {
  const { shown, level, classic } = grantFor(right, scope);
  const access = level === "write" ? "read and write" : "read-only";
  if (auth === "app")
    return `give the app the ${shown} (${access}), and accept it where the app is installed for "${scope}"`;
  return `give the token the ${shown} (${access}), or the scope ${classic} if it is a classic one`;
}
