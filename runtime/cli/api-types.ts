/** The server's answers, as INTERFACE describes them. Times are RFC 3339. */
import type { JobState } from "../core/model";

export interface JobView {
  readonly key: string;
  readonly id: string;
  readonly source: string;
  readonly host: string;
  readonly scope: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly profile: string | null;
  readonly state: JobState;
  readonly reason: string | null;
  readonly exitCode: number | null;
  readonly attempt: number;
  readonly runner: string | null;
  readonly createdAt: string;
  readonly queuedAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly url: string | null;
}

export interface RunnerView {
  readonly id: string;
  readonly name: string;
  readonly profile: string;
  readonly compute: string;
  readonly machine: string;
  readonly state: string;
  readonly job: string | null;
  readonly createdAt: string;
  readonly deadlineAt: string | null;
  readonly lastHeartbeatAt: string | null;
}

export interface ProfileView {
  readonly name: string;
  readonly labels: readonly string[];
  readonly compute: string | { readonly kind: string };
  readonly limits: { readonly maxRunners: number };
  readonly priority: number;
  readonly live: number;
  readonly waiting: number;
}

export interface TimelineView {
  readonly at: string;
  readonly stage: string;
  readonly attempt: number;
  readonly reason?: string;
  readonly detail?: string;
}

export interface WhyView {
  readonly job: string;
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
  /** Whether memory and processor limits hold, where the server says so. */
  readonly enforcement?: unknown;
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
}

export function jobPath(job: string, rest = ""): string {
  return `/api/v1/jobs/${encodeURIComponent(job)}${rest}`;
}
