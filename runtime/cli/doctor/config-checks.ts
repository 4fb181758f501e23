import { createServer } from "node:net";
import { OnejobError } from "../../core/errors";
import { parseListen } from "../../core/settings-listen";
import type { Settings } from "../../core/settings";
import { readServerInfo } from "../../entry/local/data-dir";
import type { Context } from "../context";
import { lazy } from "../lazy";
import type { Finding } from "./check";
import { bad, good } from "./check";
import { errorCode, errorText } from "../../core/error-facts";

export function configFile(context: Context): Finding {
  try {
    const { path } = load(context);
    return good(path === null ? "no config file; the built-in settings hold" : `${path} is valid`);
  } catch (error) {
    if (error instanceof OnejobError) return bad(error.message, error.entry.fix);
    return bad(errorText(error), "run `onejob config validate`");
  }
}

/** With a server running the port is taken, as it should be. */
export async function listenPort(context: Context): Promise<Finding> {
  const listen = listenAddress(context);
  const address = listen === null ? undefined : parseListen(listen);
  if (listen === null || address === undefined) return good("not checked: the config file comes first");
  if (address.port === 0) return good("the server takes a free port");
  if (isServing(context)) return good(`${listen} is not tried while the server runs`);
  const problem = await tryListen(address.host, address.port);
  return problem === null
    ? good(`${listen} is free`)
    : bad(`${listen} cannot be listened on (${problem})`, "stop what uses it, or choose another with serve --listen");
}

function isServing({ dataFolder }: Context): boolean {
  try {
    return readServerInfo(dataFolder) !== null;
  } catch {
    return true;
  }
}

function listenAddress(context: Context): string | null {
  return loadedSettings(context)?.server.listen ?? null;
}

/** `null`: the config file is not valid, which the check of it has said. */
export function loadedSettings(context: Context): Settings | null {
  try {
    return load(context).settings;
  } catch {
    return null;
  }
}

function load({ io, configFile: flag }: Context): { readonly path: string | null; readonly settings: Settings } {
  const { findConfigFile, loadSettings } = lazy.configFile();
  const path = findConfigFile({ flag: flag ?? undefined, env: io.env, cwd: io.cwd });
  return { path, settings: loadSettings(path) };
}

function tryListen(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) => resolve(errorCode(error) ?? errorText(error)));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });
}
