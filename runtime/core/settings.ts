/**
 * The settings, as the rest of the house reads them: checked, defaults filled in, durations in milliseconds.
 * The schema they are checked against, and the reader that makes this from a file, stand in `settings-schema.ts`
 * and `read-settings.ts`.
 */
export interface Settings {
  readonly server: {
    /** `host:port`; port 0 takes a free one. */
    readonly listen: string;
    /** Most runners alive at once over all profiles. */
    readonly maxRunners: number;
    readonly maxWebhookBytes: number;
  };
  /** For jobs submitted with neither label nor profile; `null`: the first profile. */
  readonly defaultProfile: string | null;
  /** Always holds the source `api`, listed in the file or not. */
  readonly sources: readonly SourceSettings[];
  readonly profiles: readonly ProfileSettings[];
  readonly sweep: { readonly intervalMs: number };
  /** How long a planner, or a silent agent, is trusted before somebody looks. */
  readonly lease: { readonly durationMs: number };
  readonly retention: { readonly finishedMs: number; readonly logsMiB: number };
}

export type SourceSettings = ApiSourceSettings | GithubSourceSettings;

export interface ApiSourceSettings {
  readonly name: string;
  readonly kind: "api";
}

/** Where a secret is kept; its value is read when it is needed, and never held in settings. */
export type SecretPlace = { readonly env: string } | { readonly file: string } | { readonly ssm: string };

export interface GithubSourceSettings {
  readonly name: string;
  readonly kind: "github";
  /** Of the web pages, without path or trailing slash: `https://github.com`, `https://x.ghe.com`, or a GHES. */
  readonly url: string;
  /** `org` or `owner/repo`: where runners are registered, and whose jobs are ours. */
  readonly scopes: readonly string[];
  /** Name of the runner group for organisations; repositories have none. */
  readonly runnerGroup: string;
  readonly auth: GithubAuth;
  /** The first is current, the rest still accepted; empty where no webhooks are taken. */
  readonly webhookSecrets: readonly SecretPlace[];
  readonly intake: "webhook" | "poll" | "both";
  readonly poll: { readonly intervalMs: number };
  /** How often what got lost is looked for. */
  readonly recovery: { readonly deliveriesMs: number; readonly runnersMs: number; readonly jobsMs: number };
  /** `same-user`: its jobs may run on compute that is no wall between them and the server's own account. */
  readonly trust: "same-user" | null;
  /** The forge's own runner program on the machine. */
  readonly runner: ListenerSettings;
}

export type GithubAuth =
  | { readonly kind: "app"; readonly appId: number; readonly privateKey: SecretPlace }
  | { readonly kind: "token"; readonly token: SecretPlace };

/** A folder that holds `bin/Runner.Listener`, or what to install: `latest` or a version, from `releasesUrl`. */
export type ListenerSettings = { readonly path: string } | { readonly version: string; readonly releasesUrl: string };

export interface ProfileSettings {
  readonly name: string;
  /** As written in the file, no two equal case aside. */
  readonly labels: readonly string[];
  readonly compute: ComputeSettings;
  readonly limits: {
    readonly maxRunners: number;
    /** Enforced by cgroup v2 where delegated, else shown as not enforced; `null`: no limit. */
    readonly memoryMiB: number | null;
    readonly cpus: number | null;
  };
  readonly timeouts: {
    readonly bootMs: number;
    readonly idleMs: number;
    readonly jobMs: number;
    readonly queuedMs: number;
    readonly waitingMs: number;
  };
  /** Among profiles that fit a job equally well the higher one wins. */
  readonly priority: number;
}

export type ComputeSettings = ProcessComputeSettings | DockerComputeSettings | Ec2ComputeSettings;

export interface ProcessComputeSettings {
  readonly kind: "process";
  /** As root every job runs under its own uid, from this one on; ignored otherwise. */
  readonly firstUid: number;
}

/** Containers of a Docker Engine API: Docker's own or Podman's. */
export interface DockerComputeSettings {
  readonly kind: "docker";
  /** As in `docker pull`. */
  readonly image: string;
  /** The engine's socket; `null`: DOCKER_HOST, else the usual places. */
  readonly socket: string | null;
  readonly pull: "missing" | "always" | "never";
  /** For a private registry; `null`: what `docker login` left in its config file. */
  readonly registry: { readonly username: string; readonly password: SecretPlace } | null;
  /** Name of the network the container joins; `null`: the engine's default. */
  readonly network: string | null;
  /** The numeric user the job runs as, `uid` or `uid:gid`; `null`: the container's root. */
  readonly user: string | null;
  /** Where machines reach this server; `null`: over its socket, mounted into the container. */
  readonly serverUrl: string | null;
}

/** Instances of EC2, made by a fleet on AWS. */
export interface Ec2ComputeSettings {
  readonly kind: "ec2";
  readonly image: Ec2Image;
  readonly arch: "x64" | "arm64";
  /** Of that architecture; in no order of preference. */
  readonly types: readonly string[];
  readonly spot: "preferred" | "only" | "never";
  /** With `preferred`: how often spot is tried until on-demand is taken. */
  readonly spotAttempts: number;
  readonly onInterruption: "rerun" | "fail";
  readonly volume: { readonly sizeGiB: number; readonly throughputMiBps: number; readonly iops: number };
  /** ARN of the machines' role; `null`: one that may do nothing. */
  readonly role: string | null;
  readonly connect: "never" | "ssm";
}

/** A system we keep an image of, an AMI, or an SSM parameter that names one. */
export type Ec2Image = { readonly os: "ubuntu-24.04" } | { readonly ami: string } | { readonly ssm: string };
