/** What the server answers, and what it is sent. Times are RFC 3339. */
import type { JobState } from "../core/model";
import type { JobJson, RunnerJson, TimelineJson } from "../core/present";

export interface JobView extends Omit<JobJson, "state"> {
  readonly state: JobState;
}

export type RunnerView = RunnerJson;

export interface ProfileView {
  readonly name: string;
  readonly labels: readonly string[];
  readonly compute: { readonly kind: string };
  readonly limits: { readonly maxRunners: number };
  readonly priority: number;
  readonly live: number;
  readonly waiting: number;
  /** Whether limits hold there, where the compute knows. */
  readonly enforcement?: { readonly memory: boolean; readonly cpu: boolean };
}

export type TimelineView = TimelineJson;

export interface WhyView {
  readonly job: JobView;
  readonly waiting: boolean;
  readonly reason: string | null;
  readonly what: string;
  readonly fix: string;
  readonly stages: readonly { readonly stage: string; readonly ms: number }[];
}

export interface StatusView {
  readonly version: string;
  readonly uptimeMs: number;
  readonly draining: boolean;
  readonly jobs: Readonly<Record<string, number>>;
  readonly runners: Readonly<Record<string, number>>;
  readonly queueDepth: number;
  readonly profiles: number;
}

export interface ReadyView {
  readonly ready: boolean;
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly fix?: string }[];
}

export interface ListView<T> {
  readonly items: readonly T[];
  readonly nextCursor?: string | null;
}

/** What `submit` sends in the form field `spec`. */
export interface JobSpec {
  readonly command: readonly string[];
  readonly labels: readonly string[];
  readonly profile?: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeout?: string;
  readonly retries?: number;
  readonly name?: string;
  /** Where its folder was sent to before. */
  readonly upload?: string;
}

export interface UploadView {
  readonly upload: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export function jobPath(job: string, rest = ""): string {
  return `/api/v1/jobs/${encodeURIComponent(job)}${rest}`;
}
