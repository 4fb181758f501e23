/**
 * A shell on a machine by SSM's Session Manager. Its plugin does the talking and has to be installed; the session is asked
 * for by the `aws` program where there is one, else by ourselves, as that program does it.
 * @see https://github.com/aws/aws-cli/blob/v2/awscli/customizations/sessionmanager.py
 */
import { execFile, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { constants as system } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { OnejobError } from "../../core/errors";
import type { Env } from "./asking";
import { asking, clientOptions } from "./asking";
import { SSMClient, StartSessionCommand, TerminateSessionCommand } from "./aws";

export interface Shell {
  /** Ends when the shell does, with its exit code; signals of the terminal are the shell's. */
  run(): Promise<number>;
}

const pluginName = "session-manager-plugin";
const pluginPage =
  "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html";
/** The plugin takes a session from here since then. Before it was an argument, which everybody on the machine can read. */
const sessionVariable = "AWS_SSM_START_SESSION_RESPONSE";
const lastWithout = [1, 2, 497, 0];

/** Throws `program-missing`, before anything is asked for. */
export async function prepareShell(machine: string, env: Env): Promise<Shell> {
  const plugin = programOn(env, pluginName);
  if (plugin === undefined) throw new OnejobError("program-missing", `${pluginName}, see ${pluginPage}`);
  const client = new SSMClient(clientOptions(env, "SSM"));
  const aws = programOn(env, "aws");
  if (aws !== undefined) {
    const region = await asking(env)("the region", () => client.config.region());
    return { run: () => runHere(aws, ["ssm", "start-session", "--target", machine, "--region", region], env) };
  }
  await checkVersion(plugin, env);
  return { run: () => runPlugin({ plugin, machine, client, env }) };
}

function programOn(env: Env, name: string): string | undefined {
  const places = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return places.map((folder) => join(folder, name)).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function checkVersion(plugin: string, env: Env): Promise<void> {
  const said = await promisify(execFile)(plugin, ["--version"], { env: { ...env } }).catch((cause: unknown) => {
    throw new OnejobError("program-missing", `${plugin} cannot be started, see ${pluginPage}`, { cause });
  });
  const text = said.stdout.trim();
  const version = text.split(".").map(Number);
  const at = version.findIndex((part, index) => part !== (lastWithout[index] ?? 0));
  if (at !== -1 && (version[at] ?? 0) > (lastWithout[at] ?? 0)) return;
  throw new OnejobError("program-missing", `a newer ${pluginName} than ${text}, see ${pluginPage}`);
}

interface PluginRun {
  readonly plugin: string;
  readonly machine: string;
  readonly client: SSMClient;
  readonly env: Env;
}

async function runPlugin({ plugin, machine, client, env }: PluginRun): Promise<number> {
  const request = { Target: machine };
  const session = await asking(env)(machine, () => client.send(new StartSessionCommand(request)));
  const { SessionId, TokenValue, StreamUrl } = session;
  const region = await client.config.region();
  const variables = { ...env, [sessionVariable]: JSON.stringify({ SessionId, TokenValue, StreamUrl }) };
  const endpoint = clientOptions(env, "SSM").endpoint ?? client.config.endpointProvider({ Region: region }).url.origin;
  const args = [sessionVariable, region, "StartSession", env["AWS_PROFILE"] ?? "", JSON.stringify(request), endpoint];
  try {
    return await runHere(plugin, args, variables);
  } catch (error) {
    // Else it would stay open for twenty minutes.
    await client.send(new TerminateSessionCommand({ SessionId })).catch(() => undefined);
    throw error;
  }
}

/** On our own terminal. */
function runHere(program: string, args: readonly string[], env: Env): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: "inherit", env: { ...env } });
    child.on("error", (cause) => reject(new OnejobError("program-missing", `${program} cannot be started`, { cause })));
    child.on("exit", (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : system.signals[signal])));
  });
}
