/** From the options of `submit` to what the server is sent. Everything wrong is found before anything is sent. */
import { parseDuration } from "../core/duration";
import { OnejobError } from "../core/errors";
import type { JobSpec } from "./api-types";

export interface SubmitOptions {
  readonly label?: readonly string[];
  readonly profile?: string;
  readonly env?: readonly string[];
  readonly timeout?: string;
  readonly retries?: string;
  readonly dir: string;
  readonly includeGit?: boolean;
  readonly detach?: boolean;
  readonly name?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

export function jobSpec(command: readonly string[], options: SubmitOptions, env: Environment): JobSpec {
  if (command.length === 0) throw usage("there is no command to run; for example: onejob submit -- make test");
  return {
    command,
    labels: splitLabels(options.label ?? []),
    env: variables(options.env ?? [], env),
    ...(options.profile === undefined ? {} : { profile: options.profile }),
    ...(options.timeout === undefined ? {} : { timeout: checkedTimeout(options.timeout) }),
    ...(options.retries === undefined
      ? {}
      : { retries: wholeNumber("--retries", options.retries, { min: 0, max: 10 }) }),
    ...(options.name === undefined ? {} : { name: options.name }),
  };
}

export function splitLabels(given: readonly string[]): string[] {
  const labels = given.flatMap((label) => label.split(",")).map((label) => label.trim());
  if (labels.includes("")) throw usage("a label is empty; write --label linux,x64 or --label linux --label x64");
  return labels;
}

/** The server's own bounds: told before anything is sent, in the words of the command line. */
export function wholeNumber(option: string, text: string, { min, max }: { min: number; max: number }): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw usage(`${option} must be a whole number from ${min} to ${max}, not ${JSON.stringify(text)}`);
}

/** As docker does: a name alone takes its value from our own environment, and is left out when it has none there. */
function variables(given: readonly string[], env: Environment): Record<string, string> {
  const pairs = given.flatMap((text) => {
    const at = text.indexOf("=");
    const name = at < 0 ? text : text.slice(0, at);
    // The rest may be a secret: it is never shown.
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      throw usage(`--env wants NAME=value, and ${JSON.stringify(name)} is no name of a variable`);
    }
    const value = at < 0 ? env[name] : text.slice(at + 1);
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(pairs);
}

function checkedTimeout(text: string): string {
  if ((parseDuration(text) ?? 0) > 0) return text;
  throw usage(`--timeout must be a duration such as 90s, 10m or 6h, not ${JSON.stringify(text)}`);
}

function usage(detail: string): OnejobError {
  return new OnejobError("usage", detail);
}
