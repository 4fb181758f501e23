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
  /** Always holds the source `api`. */
  readonly sources: readonly SourceSettings[];
  readonly profiles: readonly ProfileSettings[];
  readonly sweep: { readonly intervalMs: number };
  /** How long a planner, or a silent agent, is trusted before somebody looks. */
  readonly lease: { readonly durationMs: number };
  readonly retention: { readonly finishedMs: number; readonly logsMiB: number };
}

/** More kinds come with their adapters. The source `api` is always there, listed in the file or not. */
export interface SourceSettings {
  readonly name: string;
  readonly kind: "api";
}

export interface ProfileSettings {
  readonly name: string;
  /** As written in the file, no two equal case aside. */
  readonly labels: readonly string[];
  readonly compute: ProcessComputeSettings;
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

export interface ProcessComputeSettings {
  readonly kind: "process";
  /** As root every job runs under its own uid, from this one on; ignored otherwise. */
  readonly firstUid: number;
}
