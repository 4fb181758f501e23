import type { Command } from "commander";
import type { ListView, RunnerView } from "../api-types";
import type { Context } from "../context";
import { exit } from "../exit";
import { facts, statePaint, table } from "../render";
import { OnejobError } from "../../core/errors";
import type { Act } from "./command";
import { examples, usage } from "./command";

export function runners(program: Command, act: Act): void {
  const group = program
    .command("runners")
    .summary("list, show or drain runners")
    .description("Shows the machines that run jobs now, or are about to.")
    .addHelpText("after", examples("onejob runners", "onejob runners show onejob-4k2j", "onejob runners drain 4k2j"));
  group
    .command("list", { isDefault: true })
    .summary("list the runners there are (this is the default)")
    .action(act(list));
  group
    .command("show")
    .summary("show one runner")
    .argument("<runner>", "its id, its name, or the beginning of either")
    .action(act(show));
  group
    .command("drain")
    .summary("let a runner finish its job and take no other")
    .argument("<runner>", "its id, its name, or the beginning of either")
    .action(act(drain));
}

async function list(context: Context): Promise<number> {
  const answer = await all(context);
  if (context.options.quiet && context.options.output === "table") {
    context.print(answer.items.map(({ id }) => `${id}\n`).join(""));
    return exit.ok;
  }
  context.emit(answer, () =>
    table<RunnerView>(
      [
        { title: "runner", cell: ({ name }) => name },
        { title: "state", cell: ({ state }) => state, paint: ({ state }) => statePaint(state, context.colors) },
        { title: "profile", cell: ({ profile }) => profile },
        { title: "compute", cell: ({ compute }) => compute },
        { title: "job", cell: ({ job }) => job },
        { title: "created", cell: ({ createdAt }) => context.when(createdAt) },
        { title: "deadline", cell: ({ deadlineAt }) => context.when(deadlineAt) },
      ],
      answer.items,
      context.colors,
    ),
  );
  return exit.ok;
}

async function show(context: Context, id: string): Promise<number> {
  const runner = pickRunner((await all(context)).items, id);
  context.emit(runner, () =>
    facts([
      ["runner", runner.name],
      ["state", runner.state],
      ["profile", runner.profile],
      ["compute", runner.compute],
      ["machine", runner.machine],
      ["job", runner.job],
      ["created", context.when(runner.createdAt)],
      ["last heartbeat", context.when(runner.lastHeartbeatAt)],
      ["deadline", context.when(runner.deadlineAt)],
    ]),
  );
  return exit.ok;
}

async function drain(context: Context, id: string): Promise<number> {
  const runner = pickRunner((await all(context)).items, id);
  await context.api.post(`/api/v1/runners/${encodeURIComponent(runner.id)}/drain`);
  context.say(
    `onejob: ${runner.name} takes no job any more${runner.job === null ? "" : `; it finishes ${runner.job}`}`,
  );
  return exit.ok;
}

async function all(context: Context): Promise<ListView<RunnerView>> {
  return context.api.get<ListView<RunnerView>>("/api/v1/runners");
}

export function pickRunner(items: readonly RunnerView[], wanted: string): RunnerView {
  const exact = items.find(({ id, name }) => id === wanted || name === wanted);
  if (exact !== undefined) return exact;
  const near = items.filter(({ id, name }) => id.startsWith(wanted) || name.startsWith(wanted));
  if (near.length > 1) throw usage(`${near.length} runners begin with ${wanted}; give more of the id`);
  const [only] = near;
  if (only !== undefined) return only;
  throw new OnejobError("not-found", `runner ${wanted}; it may be gone already (see onejob runners)`);
}
