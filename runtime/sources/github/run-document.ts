/** A workflow run as the API describes it; of interest is whose code it runs, and whether it is over. */
import type { Fields } from "./shape";
import { fields, idText, isFields, list, optionalText } from "./shape";

export interface RunDocument {
  readonly id: string;
  /** `null`: the answer does not say. */
  readonly fork: boolean | null;
  /** `completed`, or any of many words for a run that goes on. `null`: the answer does not say. */
  readonly status: string | null;
}

/** Throws `ShapeError`. */
export function readRun(value: unknown): RunDocument {
  const run = fields(value, "the run");
  return { id: idText(run["id"], "the run's id"), fork: isForked(run), status: optionalText(run["status"]) };
}

export function readRuns(body: unknown): readonly RunDocument[] {
  return list(fields(body, "the list")["workflow_runs"], "workflow_runs").map(readRun);
}

/** What only those can cause who may write to the repository, and what runs its own code. */
const ownEvents: ReadonlySet<unknown> = new Set(["push", "schedule", "workflow_dispatch", "repository_dispatch"]);

/**
 * The code comes from `head_repository`. Where a fork was deleted since, that is null: still nobody's we know.
 * A repository that is itself a fork runs its own code all the same.
 */
function isForked({ repository, head_repository: head, event }: Fields): boolean | null {
  if (head === null) return true;
  if (head === undefined && ownEvents.has(event)) return false;
  if (!isFields(repository) || !isFields(head)) return null;
  const [base, code] = [repository["full_name"], head["full_name"]];
  if (typeof base !== "string" || typeof code !== "string") return null;
  return code.toLowerCase() !== base.toLowerCase();
}
