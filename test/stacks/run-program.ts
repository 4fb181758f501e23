/** Runs a Pulumi program as `pulumi preview` and `pulumi up` do: with Pulumi's own program runner, against a fake engine. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { FakeEngine, type FakeProvider } from "../fakes/pulumi-engine";

const root = join(__dirname, "../..");
const runner = require.resolve("@pulumi/pulumi/cmd/run/index.js");

export interface ProgramRun {
  readonly exitCode: number | null;
  readonly engine: FakeEngine;
  /** What the program itself printed. */
  readonly output: string;
}

export interface Program {
  readonly project: string;
  readonly stack: string;
  /** Folder of the program, and its entry in there. */
  readonly folder: string;
  readonly entry: string;
  /** With full names: `onejob:profiles`, `aws:region`. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly preview: boolean;
  readonly provider: FakeProvider;
}

export async function runProgram(program: Program): Promise<ProgramRun> {
  const { project, stack, preview, provider } = program;
  const engine = new FakeEngine({ project, stack, preview, provider });
  const address = await engine.listen();
  const options = ["--monitor", address, "--engine", address, "--project", project, "--stack", stack];
  const where = ["--organization", "organization", "--parallel", "16", "--pwd", program.folder];
  const child = spawn(
    process.execPath,
    [runner, ...options, ...where, ...(preview ? ["--dry-run"] : []), program.entry],
    {
      cwd: program.folder,
      env: {
        PATH: process.env["PATH"],
        HOME: process.env["HOME"],
        PULUMI_NODEJS_TYPESCRIPT: "true",
        PULUMI_CONFIG: JSON.stringify(textsOf(program.config)),
        PULUMI_CONFIG_SECRET_KEYS: "[]",
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const printed: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => printed.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => printed.push(chunk));
  const exitCode = await new Promise<number | null>((resolve) => child.on("close", resolve));
  engine.close();
  return { exitCode, engine, output: Buffer.concat(printed).toString() };
}

/** As the engine hands them over: structures as JSON. */
function textsOf(config: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const text = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key, text(value)]));
}

/** What `Pulumi.<stack>.yaml` says. */
export function stackConfig(stack: string): Readonly<Record<string, unknown>> {
  const file: unknown = parse(readFileSync(join(root, "stacks", `Pulumi.${stack}.yaml`), "utf8"));
  return (file as { readonly config?: Record<string, unknown> }).config ?? {};
}
