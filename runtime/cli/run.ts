/** One run of the program: arguments in, exit code out. Everything it touches comes in through `io`. */
import { CommanderError } from "commander";
import type { Command } from "commander";
import { catalogue, OnejobError } from "../core/errors";
import { ApiError } from "./api-error";
import type { Act } from "./commands/command";
import type { GlobalOptions, Output } from "./context";
import { complaint, makeContext, outputs } from "./context";
import { errorExit, exit } from "./exit";
import type { CliIo } from "./io";
import { makeProgram, welcome } from "./program";
import { errorText } from "../core/error-facts";

export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  if (argv.length === 0) {
    io.stdout.write(welcome);
    return exit.ok;
  }
  const state = { code: exit.ok as number, command: "" };
  const act: Act =
    (body) =>
    async (...args) => {
      state.code = await body(makeContext(globalOptions(program, io), io), ...args);
    };
  const program = makeProgram(io, act);
  program.hook("preAction", (_program, command) => {
    state.command = command.name();
  });
  try {
    await program.parseAsync(argv, { from: "user" });
    return state.code;
  } catch (error) {
    report(error, { io, debug: program.opts<{ debug?: boolean }>().debug ?? false });
    return errorExit(error, { submitting: state.command === "submit" });
  }
}

type Parsed = Omit<GlobalOptions, "output"> & { readonly output?: Output };

function globalOptions(program: Command, io: CliIo): GlobalOptions {
  const parsed = program.opts<Parsed>();
  return { ...parsed, output: parsed.output ?? outputFrom(io.env.ONEJOB_OUTPUT) };
}

function outputFrom(text: string | undefined): Output {
  if (!text) return "table";
  const output = outputs.find((known) => known === text);
  if (output !== undefined) return output;
  throw new OnejobError("usage", `ONEJOB_OUTPUT must be one of ${outputs.join(", ")}, not ${JSON.stringify(text)}`);
}

/** Commander has said already what it had to say. */
function report(error: unknown, { io, debug }: { readonly io: CliIo; readonly debug: boolean }): void {
  if (error instanceof CommanderError) return;
  io.stderr.write(complaintOf(error));
  if (debug) io.stderr.write(`${stack(error)}\n`);
}

function complaintOf(error: unknown): string {
  if (error instanceof OnejobError) return complaint(error.message, error.entry.fix);
  if (error instanceof ApiError) return complaint(error.message, error.fix);
  return complaint(
    `${catalogue.internal.what}: ${errorText(error)}`,
    "run it again with --debug and report what it prints",
  );
}

function stack(error: unknown): string {
  if (typeof error !== "object" || error === null || !("stack" in error)) return String(error);
  const cause = "cause" in error ? error.cause : undefined;
  return cause === undefined ? String(error.stack) : `${String(error.stack)}\ncaused by: ${stack(cause)}`;
}
