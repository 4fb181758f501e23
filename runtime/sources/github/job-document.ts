/** A job as GitHub describes it, alike in `workflow_job` webhooks and in answers of the API. */
import type { Instant } from "../../core/model";
import { fields, idText, list, optionalInstant, optionalText, plainText, ShapeError } from "./shape";

export interface JobDocument {
  readonly id: string;
  readonly run: string;
  readonly attempt: number;
  /** queued, waiting, in_progress, completed; also requested and pending. */
  readonly status: string;
  readonly conclusion: string | null;
  readonly name: string;
  readonly labels: readonly string[];
  readonly url: string | null;
  readonly createdAt: Instant | null;
  readonly startedAt: Instant | null;
  readonly completedAt: Instant | null;
  /** `null`: nobody took it (yet). */
  readonly runnerName: string | null;
}

/** An event has to fit into 8 KB; what real jobs hold is far below. Labels count as they are stored: as JSON. */
const most = { name: 200, labels: 100, labelBytes: 4_096, url: 500, runnerName: 128 } as const;
/** What may stand in an address: nothing that has to be escaped anywhere, or steers a terminal. */
const address = /^https?:\/\/[!#-[\]-~]+$/;

/** Throws `ShapeError`. */
export function readJobDocument(value: unknown, path: string): JobDocument {
  const job = fields(value, path);
  const id = idText(job["id"], `${path}.id`);
  const attempt = job["run_attempt"];
  const url = optionalText(job["html_url"]);
  const runnerName = optionalText(job["runner_name"]);
  return {
    id,
    run: idText(job["run_id"], `${path}.run_id`),
    attempt: typeof attempt === "number" && Number.isSafeInteger(attempt) ? attempt : 1,
    status: optionalText(job["status"]) ?? "unknown",
    conclusion: optionalText(job["conclusion"]),
    name: readableName(optionalText(job["workflow_name"]), optionalText(job["name"]) ?? `job ${id}`),
    labels: readLabels(job["labels"], `${path}.labels`),
    url: url !== null && url.length <= most.url && address.test(url) ? url : null,
    createdAt: optionalInstant(job["created_at"]),
    startedAt: optionalInstant(job["started_at"]),
    completedAt: optionalInstant(job["completed_at"]),
    runnerName: runnerName === null ? null : plainText(runnerName, most.runnerName),
  };
}

/** As the forge's own pages show it: `CI / test (1)`. */
function readableName(workflow: string | null, job: string): string {
  return plainText(workflow === null ? job : `${workflow} / ${job}`, most.name);
}

function readLabels(value: unknown, path: string): readonly string[] {
  const labels = list(value ?? [], path).map((label) => {
    if (typeof label !== "string") throw new ShapeError(`${path} holds something that is not a text`);
    return plainText(label, label.length);
  });
  const bytes = labels.reduce((sum, label) => sum + Buffer.byteLength(JSON.stringify(label)), 0);
  if (labels.length > most.labels || bytes > most.labelBytes)
    throw new ShapeError(`${path} is longer than ${most.labels} labels of ${most.labelBytes} bytes together`);
  return labels;
}
