import type { Act } from "./command";
import { examples } from "./command";
import type { Command } from "commander";
import { lazy } from "../lazy";

interface ServeOptions {
  readonly listen?: string;
  readonly welcome?: boolean;
  readonly once?: boolean;
}

export function serve(program: Command, act: Act): void {
  program
    .command("serve")
    .summary("run the server on this machine")
    .description(
      "Runs the server on this machine: takes jobs, makes a machine for each, and ends it with its job.\n" +
        "Prints one JSON line on standard output when it is ready; its log goes to standard error.",
    )
    .option("--listen <host:port>", "where to listen; port 0 takes a free one (default: server.listen of the config)")
    .option("--welcome", "run a first small job and say what to do next")
    .option("--once", "leave after the welcome job; with a free port and a temporary data folder")
    .addHelpText("after", examples("onejob serve", "onejob serve --listen 127.0.0.1:0 --data-dir ./state"))
    .action(
      act(({ options, configFile, io }, { listen, welcome, once }: ServeOptions) =>
        lazy.serve().runServe({
          ...(listen === undefined ? {} : { listen }),
          welcome: welcome ?? false,
          once: once ?? false,
          configFile,
          dataDir: options.dataDir ?? null,
          logLevel: io.env.ONEJOB_LOG_LEVEL || (options.debug ? "debug" : null),
        }),
      ),
    );
}
