/** The things GitHub knows of, as the fake keeps them. */
export interface Account {
  readonly id: number;
  readonly login: string;
  readonly type: "Organization" | "User";
}

export interface Repository {
  readonly id: number;
  readonly owner: Account;
  readonly name: string;
  /** `owner/name`. */
  readonly fullName: string;
  readonly private: boolean;
  readonly fork: boolean;
}

/** Where a runner is registered. */
export type Scope =
  { readonly kind: "org"; readonly account: Account } | { readonly kind: "repo"; readonly repository: Repository };

export interface RunnerGroup {
  readonly id: number;
  readonly organization: Account;
  readonly name: string;
  readonly isDefault: boolean;
  readonly visibility: "all" | "selected" | "private";
  /** Full names; counts with `visibility: "selected"`. */
  readonly repositories: Set<string>;
  readonly allowsPublicRepositories: boolean;
}

export type Level = "read" | "write";
export type Permissions = Readonly<Record<string, Level>>;

/** Where webhooks go. The secret and the address may be changed at any time. */
export interface Hook {
  readonly id: number;
  readonly target:
    | { readonly type: "integration"; readonly app: App }
    | { readonly type: "repository"; readonly repository: Repository }
    | { readonly type: "organization"; readonly account: Account };
  url: string | null;
  secret: string | null;
  events: readonly string[];
}

export interface App {
  readonly id: number;
  readonly slug: string;
  readonly name: string;
  readonly clientId: string;
  readonly owner: Account;
  readonly publicKey: string;
  /** PEM, as GitHub hands it out (PKCS#1). */
  readonly privateKey: string;
  readonly permissions: Permissions;
  readonly events: readonly string[];
  readonly createdAt: number;
}

export interface Installation {
  readonly id: number;
  readonly app: App;
  readonly account: Account;
  /** `null`: all of the account. */
  readonly repositories: ReadonlySet<string> | null;
  permissions: Permissions;
  readonly createdAt: number;
  suspendedAt: number | null;
}

export interface InstallationToken {
  readonly kind: "installation";
  readonly token: string;
  readonly installation: Installation;
  readonly permissions: Permissions;
  readonly repositories: ReadonlySet<string> | null;
  expiresAt: number;
}

export interface PersonalToken {
  readonly kind: "personal";
  readonly token: string;
  readonly owner: Account;
  /** A classic token has scopes, a fine-grained one permissions on repositories and organisations it names. */
  readonly grants:
    | { readonly kind: "classic"; readonly scopes: readonly string[]; readonly admin: boolean }
    | {
        readonly kind: "fine-grained";
        readonly permissions: Permissions;
        readonly resources: ReadonlySet<string> | null;
      };
  expiresAt: number | null;
}

export type AccessToken = InstallationToken | PersonalToken;

export interface RegistrationToken {
  readonly token: string;
  readonly scope: Scope;
  readonly expiresAt: number;
}

export type JobStatus = "queued" | "waiting" | "in_progress" | "completed";
export type Conclusion = "success" | "failure" | "cancelled" | "skipped";

export interface Step {
  readonly name: string;
  readonly status: "queued" | "in_progress" | "completed";
  readonly conclusion: Conclusion | null;
  readonly number: number;
  readonly started_at: string | null;
  readonly completed_at: string | null;
}

export interface Job {
  readonly id: number;
  readonly run: Run;
  readonly name: string;
  readonly labels: readonly string[];
  /** `runs-on: {group}`. */
  readonly group: string | null;
  readonly attempt: number;
  /** Run by `sh` in the job's workspace. */
  readonly script: string;
  readonly env: Readonly<Record<string, string>>;
  readonly environment: string | null;
  /** Runs on GitHub's own machines: starts and ends by itself. */
  readonly hosted: boolean;
  status: JobStatus;
  conclusion: Conclusion | null;
  /** The runner that took it; stays after its end. */
  takenBy: { readonly id: number; readonly name: string; readonly groupId: number; readonly groupName: string } | null;
  readonly createdAt: number;
  startedAt: number | null;
  completedAt: number | null;
  steps: readonly Step[];
  /** Given to a runner that has not fetched it yet. */
  assignedTo: Runner | null;
  cancelAsked: boolean;
}

export interface Run {
  readonly id: number;
  readonly repository: Repository;
  /** Another one for a pull request from a fork. */
  readonly headRepository: Repository;
  /** Who pushed, or opened the pull request. */
  readonly actor: Account;
  readonly workflow: string;
  readonly workflowId: number;
  readonly runNumber: number;
  readonly event: string;
  readonly headBranch: string;
  readonly headSha: string;
  attempt: number;
  readonly createdAt: number;
  updatedAt: number;
  startedAt: number;
  /** Of all attempts, oldest first. */
  readonly jobs: Job[];
  /** The last `workflow_run` action that was told. */
  told: "requested" | "in_progress" | "completed";
}

export interface Runner {
  readonly id: number;
  readonly name: string;
  readonly scope: Scope;
  readonly groupId: number;
  readonly labels: readonly string[];
  readonly ephemeral: boolean;
  /** Proves to the listener's endpoints which runner it is. */
  readonly secret: string;
  readonly createdAt: number;
  readonly jit: boolean;
  readonly workFolder: string;
  /** A listener connected with it once. */
  used: boolean;
  version: string | null;
  os: string;
  /** Assigned or running. */
  job: Job | null;
  online: boolean;
  /** Its job is over; it only lingers. */
  spent: boolean;
  /** What was shown before the last change, for the lag. */
  shown: { readonly busy: boolean; readonly online: boolean; readonly until: number };
}
