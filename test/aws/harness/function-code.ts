/**
 * The code of a function as it is deployed, begun anew for each container: with an environment, a clock and an output of
 * its own. Compiled once, as a thread or a process for each took most of a test's time.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { compileFunction } from "node:vm";

/** What a container has that others have not. */
export interface Container {
  readonly env: Readonly<Record<string, string>>;
  readonly now: () => number;
  readonly fetch: typeof fetch;
  readonly write: (text: string) => void;
}

export const dist = join(__dirname, "../../../dist");

type Code = (...given: readonly unknown[]) => void;

const compiled = new Map<string, Code>();

/** Answers what its file exports. */
export function begin(name: string, container: Container): unknown {
  const file = join(dist, "lambda", `${name}.js`);
  const names = ["module", "exports", "require", "process", "Date", "globalThis", "fetch"];
  const code = compiled.get(name) ?? (compileFunction(readFileSync(file, "utf8"), names, { filename: file }) as Code);
  compiled.set(name, code);
  const module = { exports: {} };
  const process = processOf(container);
  const usual = createRequire(file);
  const given = (wanted: string): unknown => (/^(node:)?process$/.test(wanted) ? process : usual(wanted));
  const { fetch } = container;
  const global = Object.assign(Object.create(globalThis) as object, { fetch });
  code(module, module.exports, given, process, dateOf(container.now), global, fetch);
  return module.exports;
}

function processOf({ env, write }: Container): NodeJS.Process {
  const own = { env: { ...env }, stdout: { write }, stderr: { write }, emitWarning: () => undefined };
  return Object.create(process, Object.getOwnPropertyDescriptors(own)) as NodeJS.Process;
}

function dateOf(now: () => number): DateConstructor {
  return class extends Date {
    constructor(...args: [] | [number]) {
      super(...((args.length === 0 ? [now()] : args) as [number]));
    }

    static override now(): number {
      return now();
    }
  } as DateConstructor;
}
