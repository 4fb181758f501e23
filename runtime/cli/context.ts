/** What every command gets: the options, the server, and ways to speak. */
import picocolors from "picocolors";
import type { Colors } from "picocolors/types";
import { resolve } from "node:path";
import type { ApiClient } from "./client";
import { apiClient } from "./client";
import { fleetAddress } from "./fleet/address";
import { fleetName, findFleet, type Fleet } from "./fleet/fleet";
import { ago, plain } from "./format";
import type { CliIo } from "./io";
import { lazy } from "./lazy";
import type { Address, AddressOptions } from "./server-address";
import { dataFolder, serverAddress } from "./server-address";

export const outputs = ["table", "json", "yaml"] as const;
export type Output = (typeof outputs)[number];

export interface GlobalOptions extends AddressOptions {
  readonly config?: string;
  readonly output: Output;
  readonly color: boolean;
  readonly quiet?: boolean;
  readonly debug?: boolean;
}

export interface Context {
  readonly io: CliIo;
  readonly options: GlobalOptions;
  readonly api: ApiClient;
  readonly address: () => Promise<Address>;
  /** The fleet that was named; found once. */
  readonly fleet: () => Promise<Fleet>;
  /** `--config` or `ONEJOB_CONFIG`, absolute; `null`: wherever one is found. */
  readonly configFile: string | null;
  readonly dataFolder: string;
  readonly colors: Colors;
  /** Data, for standard output. */
  print(text: string): void;
  /** The same data in the form asked for; `table` makes the one for people. */
  emit(data: unknown, table: () => string): void;
  /** A message, for standard error; silent with `--quiet`. */
  say(text: string): void;
  /** A time for a table: relative on a terminal, exact for programs. */
  when(time: string | null): string | null;
}

export function makeContext(options: GlobalOptions, io: CliIo): Context {
  const colors = picocolors.createColors(useColor(options, io));
  const fleet = firstTime(() => findFleet({ options, io }));
  const address = async (): Promise<Address> =>
    fleetName({ options, io }) === undefined ? serverAddress(options, io) : fleetAddress(await fleet(), io);
  const print = (text: string): void => void io.stdout.write(text);
  const trace = (line: string): void => void (options.debug && io.stderr.write(`onejob: ${line}\n`));
  const config = options.config ?? (io.env.ONEJOB_CONFIG || null);
  return {
    io,
    options,
    colors,
    address,
    fleet,
    api: apiClient({ address, trace }),
    configFile: config === null ? null : resolve(io.cwd, config),
    dataFolder: dataFolder(options, io),
    print,
    emit: (data, table) => print(render(options.output, data, table)),
    say: (text) => void (options.quiet || io.stderr.write(`${text}\n`)),
    when: (time) => (time === null || !io.isTTY.stdout ? time : ago(io.now() - Date.parse(time))),
  };
}

function firstTime<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

function render(output: Output, data: unknown, table: () => string): string {
  if (output === "json") return `${JSON.stringify(data, null, 2)}\n`;
  return output === "yaml" ? lazy.yaml().stringify(data) : table();
}

/** Only on a terminal; NO_COLOR counts when it is set and not empty (no-color.org). */
function useColor({ color }: GlobalOptions, { env, isTTY }: CliIo): boolean {
  return color && !env.NO_COLOR && env.TERM !== "dumb" && isTTY.stdout && isTTY.stderr;
}

/** What went wrong and what to do, in two lines. */
export function complaint(what: string, fix: string | null): string {
  const lines = what.split("\n").map(plain).join("\n  ");
  return fix === null ? `onejob: ${lines}\n` : `onejob: ${lines}\n  to do: ${plain(fix)}\n`;
}
