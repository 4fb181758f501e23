/** Everything one fake knows, and how it is looked up. Rules live elsewhere. */
import type {
  AccessToken,
  Account,
  App,
  Hook,
  Installation,
  Job,
  RegistrationToken,
  Repository,
  Run,
  Runner,
  RunnerGroup,
  Scope,
} from "./model";
import type { Options } from "./options";
import { Ids } from "./random";

export class World {
  readonly options: Options;
  readonly ids: Ids;
  readonly accounts = new Map<string, Account>();
  readonly repositories = new Map<string, Repository>();
  readonly groups: RunnerGroup[] = [];
  readonly apps: App[] = [];
  readonly installations: Installation[] = [];
  readonly tokens = new Map<string, AccessToken>();
  readonly registrationTokens = new Map<string, RegistrationToken>();
  readonly runners = new Map<number, Runner>();
  readonly runs = new Map<number, Run>();
  readonly jobs = new Map<number, Job>();
  readonly hooks: Hook[] = [];
  /** App manifests waiting for their conversion, by code. */
  readonly manifests = new Map<string, AppManifest>();
  /** Ahead (or behind) of the real time by so much. */
  clockOffsetMs = 0;
  /** Called after every change, call and delivery. */
  readonly watchers = new Set<() => void>();
  /** `http://127.0.0.1:PORT`, known after the start. */
  url = "";

  constructor(options: Options) {
    this.options = options;
    this.ids = new Ids(options.random, options.firstJobId);
  }

  get apiUrl(): string {
    return `${this.url}/api/v3`;
  }

  now(): number {
    return this.options.time.now() + this.clockOffsetMs;
  }

  moved(): void {
    for (const look of [...this.watchers]) look();
  }

  account(login: string): Account | undefined {
    return this.accounts.get(login.toLowerCase());
  }

  repository(fullName: string): Repository | undefined {
    return this.repositories.get(fullName.toLowerCase());
  }

  groupsOf(account: Account): RunnerGroup[] {
    return this.groups.filter(({ organization }) => organization === account);
  }

  runnersOf(scope: Scope): Runner[] {
    return [...this.runners.values()].filter((runner) => isSameScope(runner.scope, scope));
  }

  groupName(runner: Runner): string {
    const { scope, groupId } = runner;
    const groups = scope.kind === "org" ? this.groupsOf(scope.account) : [];
    return groups.find(({ id }) => id === groupId)?.name ?? "Default";
  }

  /** Newest first, as GitHub lists them. */
  runsOf(repository: Repository): Run[] {
    return [...this.runs.values()].filter((run) => run.repository === repository).reverse();
  }

  hookOf(app: App): Hook | undefined {
    return this.hooks.find(({ target }) => target.type === "integration" && target.app === app);
  }

  installationsOn(repository: Repository): Installation[] {
    return this.installations.filter((installation) => covers(installation, repository));
  }
}

export interface AppManifest {
  readonly name: string;
  readonly url: string;
  readonly owner: Account;
  readonly hookUrl: string | null;
  readonly permissions: Readonly<Record<string, "read" | "write">>;
  readonly events: readonly string[];
}

export function covers(installation: Installation, repository: Repository): boolean {
  if (installation.account !== repository.owner) return false;
  return installation.repositories === null || installation.repositories.has(repository.fullName.toLowerCase());
}

export function isSameScope(one: Scope, other: Scope): boolean {
  if (one.kind === "org") return other.kind === "org" && one.account === other.account;
  return other.kind === "repo" && one.repository === other.repository;
}

export function accountOf(scope: Scope): Account {
  return scope.kind === "org" ? scope.account : scope.repository.owner;
}

/** Those of its last attempt, which has all of its jobs. */
export function latestJobs(run: Run): Job[] {
  return run.jobs.filter(({ attempt }) => attempt === run.attempt);
}
