/** Each variant of a fleet, declared once in a test file: that takes a second or two. */
import { RunnerFleet } from "../../components";
import { variants } from "../fixtures/pulumi-fleets";
import { declare } from "../fixtures/pulumi-graph";
import type { Graph, Mode } from "../fixtures/pulumi-graph";

const graphs = new Map<string, Graph>();

export async function graphOf(variant: string, mode: Mode = "update"): Promise<Graph> {
  const key = `${variant}, ${mode}`;
  const args = variants[variant];
  if (args === undefined) throw new Error(`there is no fleet "${variant}"`);
  const graph = graphs.get(key) ?? (await declare(() => new RunnerFleet("ci", args), { mode }));
  graphs.set(key, graph);
  return graph;
}
