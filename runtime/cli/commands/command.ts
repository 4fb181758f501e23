/** The shape of a command file: it adds itself to the program, and its action answers with an exit code. */
import type { Command } from "commander";
import { OnejobError } from "../../core/errors";
import type { Context } from "../context";

/** Turns a command's body into what commander calls; the exit code goes where `runCli` finds it. */
export type Act = <Args extends readonly unknown[]>(
  body: (context: Context, ...args: Args) => Promise<number>,
) => (...args: Args) => Promise<void>;

export type AddCommand = (program: Command, act: Act) => void;

export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}\n`).join("")}`;
}

export function usage(detail: string): OnejobError {
  return new OnejobError("usage", detail);
}

/** For repeatable options: `--label a --label b,c`. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

export const jobArgument = "key, id, its first 6 characters or more, or the address of the job at its forge";
