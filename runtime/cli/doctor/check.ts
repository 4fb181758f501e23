import type { Context } from "../context";

export interface Finding {
  readonly ok: boolean;
  readonly what: string;
  /** What to do; empty when there is nothing to do. */
  readonly fix: string;
}

export interface CheckResult extends Finding {
  readonly id: string;
}

/** One question with one answer. Never throws: what it cannot find out is a finding too. */
export interface Check {
  readonly id: string;
  readonly run: (context: Context) => Promise<Finding> | Finding;
}

export function good(what: string): Finding {
  return { ok: true, what, fix: "" };
}

export function bad(what: string, fix: string): Finding {
  return { ok: false, what, fix };
}
