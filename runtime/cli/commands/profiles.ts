import type { Command } from "commander";
import type { ListView, ProfileView } from "../api-types";
import type { Context } from "../context";
import { exit } from "../exit";
import { table } from "../render";
import type { Act } from "./command";
import { examples } from "./command";

export function profiles(program: Command, act: Act): void {
  program
    .command("profiles")
    .summary("list the profiles: which labels get which machine")
    .description("Lists the runner profiles in force: their labels, what makes their machines, and how busy they are.")
    .addHelpText("after", examples("onejob profiles", "onejob profiles --output yaml"))
    .action(act(run));
}

async function run(context: Context): Promise<number> {
  const answer = await context.api.get<ListView<ProfileView>>("/api/v1/profiles");
  context.emit(answer, () =>
    table<ProfileView>(
      [
        { title: "profile", cell: ({ name }) => name },
        { title: "compute", cell: ({ compute }) => compute.kind },
        { title: "runners", cell: ({ live, limits }) => `${live}/${limits.maxRunners}` },
        { title: "waiting", cell: ({ waiting }) => waiting },
        { title: "priority", cell: ({ priority }) => priority },
        { title: "labels", cell: ({ labels }) => labels.join(", ") },
      ],
      answer.items,
      context.colors,
    ),
  );
  return exit.ok;
}
