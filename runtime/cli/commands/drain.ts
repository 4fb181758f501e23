import type { Command } from "commander";
import { parseDuration } from "../../core/duration";
import type { Context } from "../context";
import { exit } from "../exit";
import { fleetName, openFleet } from "../fleet/fleet";
import type { DrainOrder, Outcome } from "../fleet/draining";
import { Draining } from "../fleet/draining";
import type { Seen } from "../fleet/leftovers";
import { toDo } from "../fleet/leftovers";
import { lazy } from "../lazy";
import { table } from "../render";
import type { Act } from "./command";
import { examples, usage } from "./command";

interface DrainOptions {
  readonly all?: boolean;
  readonly now?: boolean;
  readonly resume?: boolean;
  readonly timeout?: string;
}

const defaultTimeout = "1h";

export function drain(program: Command, act: Act): void {
  program
    .command("drain")
    .summary("take no new jobs, and let runners finish")
    .description(
      "Stops the intake of jobs: runners finish what they run, then leave.\n" +
        "Until --resume, submit is refused and jobs of forges wait.\n" +
        "With a fleet, --all stays until EC2 lists nothing with the fleet's tag any more:\n" +
        "no machine, no volume, no network interface. It exits 0 only then, and\n" +
        "`pulumi destroy` finds nothing in its way.\n" +
        "For one runner: onejob runners drain ID.",
    )
    .option("--all", "all runners (the default); with a fleet, wait until nothing is left")
    .option("--now", "stop running jobs too; with --all, end machines the fleet does not end")
    .option("--resume", "take jobs again")
    .option("--timeout <duration>", `with --all and a fleet: how long to wait (default ${defaultTimeout})`)
    .addHelpText(
      "after",
      examples(
        "onejob drain",
        "onejob drain --now",
        "onejob drain --resume",
        "onejob drain --all --fleet ci-dev && pulumi destroy",
        "onejob drain --all --now --timeout 15m --fleet ci-dev",
      ),
    )
    .action(act(run));
}

async function run(context: Context, options: DrainOptions): Promise<number> {
  const { now = false, resume = false, all = false } = options;
  if (now && resume) throw usage("--now and --resume contradict each other; give one of them");
  const fleet = fleetName(context);
  const waits = all && !resume && fleet !== undefined;
  if (options.timeout !== undefined && !waits) throw usage("--timeout is for --all with a fleet: nothing else waits");
  if (waits) return drainAll(context, { now, timeoutMs: milliseconds(options.timeout ?? defaultTimeout) });
  const who = fleet === undefined ? "the server" : `fleet ${fleet}`;
  await context.api.post("/api/v1/drain", { now, resume });
  context.say(resume ? `onejob: ${who} takes jobs again` : `onejob: ${who} takes no new jobs; see onejob status`);
  return exit.ok;
}

function milliseconds(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  throw usage(`--timeout must be a duration such as 90s, 10m or 6h, not ${JSON.stringify(text)}`);
}

async function drainAll(context: Context, { now, timeoutMs }: Pick<DrainOrder, "now" | "timeoutMs">): Promise<number> {
  // A name that was never deployed has no machines either, and proves nothing.
  const { name: fleet } = await openFleet(context);
  const machines = lazy.machines().openMachines(context.io.env);
  // Who may not look finds out before anything has changed.
  await machines.left(fleet);
  await context.api.post("/api/v1/drain", { now, resume: false });
  context.say(`onejob: fleet ${fleet} takes no new jobs; waiting for its machines to end`);
  const leave = new AbortController();
  const release = context.io.onInterrupt(() => leave.abort());
  try {
    const { signal } = leave;
    const outcome = await new Draining(context, { fleet, machines, now, timeoutMs, signal }).done();
    return report(context, outcome, { fleet, now });
  } finally {
    release();
  }
}

function report(context: Context, { end, seen }: Outcome, order: { readonly fleet: string; readonly now: boolean }) {
  const { fleet } = order;
  if (end === "left alone") {
    context.say(`onejob: fleet ${fleet} goes on draining; wait on with the same command`);
    context.say(`  to take jobs again: onejob drain --resume --fleet ${fleet}`);
    return exit.cancelled;
  }
  const runners = seen.runners.map(({ name }) => name);
  context.emit({ fleet, empty: end === "empty", left: seen.left, runners }, () =>
    end === "empty" ? `no machine, volume or network interface of fleet ${fleet} is left\n` : leftTable(context, seen),
  );
  if (end === "empty") {
    context.say(`onejob: fleet ${fleet} takes no jobs until onejob drain --resume --fleet ${fleet}`);
    return exit.ok;
  }
  context.say(`onejob: fleet ${fleet} is not empty after the time it was given; it goes on draining`);
  for (const line of toDo(seen, order)) context.say(`  to do: ${line}`);
  return exit.negative;
}

function leftTable(context: Context, { left, runners }: Seen): string {
  const rows = [
    ...left.map(({ kind, id, state, since, runner, bakes }) => {
      return { kind, id, state: bakes ? `${state}, bakes an image` : state, since, runner };
    }),
    ...runners.map(({ name, id, state, createdAt }) => {
      return { kind: "runner", id: name, state, since: createdAt, runner: id };
    }),
  ];
  return table(
    [
      { title: "left", cell: ({ kind }) => kind },
      { title: "id", cell: ({ id }) => id },
      { title: "state", cell: ({ state }) => state },
      { title: "since", cell: ({ since }) => context.when(since) },
      { title: "runner", cell: ({ runner }) => runner },
    ],
    rows,
    context.colors,
  );
}
