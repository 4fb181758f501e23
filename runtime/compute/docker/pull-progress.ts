/** The answer to a pull: JSON lines that tell of each layer, and at last whether it went well. */
import { isRecord } from "./engine-answers";
import { EngineError, shortened } from "./engine-error";

/** Throws the error the stream tells of: the status was 200 long before. */
export async function readPull(
  answer: NodeJS.ReadableStream,
  onPercent: (percent: number | null) => void,
): Promise<void> {
  const layers = new Map<string, Layer>();
  for await (const line of linesOf(answer)) {
    const told = parsed(line);
    const failure = failureIn(told);
    if (failure !== undefined) throw new EngineError("failed", shortened(failure));
    if (typeof told["id"] !== "string") continue;
    note(layers, told["id"], told);
    onPercent(percentOf(layers));
  }
}

interface Layer {
  readonly done: number;
  readonly size: number;
}

function note(layers: Map<string, Layer>, id: string, told: Readonly<Record<string, unknown>>): void {
  const { status, progressDetail } = told;
  const before = layers.get(id);
  if (typeof status === "string" && /^(download complete|pull complete|extracting)/i.test(status)) {
    if (before !== undefined) layers.set(id, { done: before.size, size: before.size });
    return;
  }
  const { current, total } = isRecord(progressDetail) ? progressDetail : {};
  if (typeof current === "number" && typeof total === "number" && total > 0)
    layers.set(id, { done: current, size: total });
}

function percentOf(layers: ReadonlyMap<string, Layer>): number | null {
  const all = [...layers.values()];
  const size = all.reduce((sum, layer) => sum + layer.size, 0);
  if (size === 0) return null;
  const done = all.reduce((sum, layer) => sum + Math.min(layer.done, layer.size), 0);
  return Math.floor((100 * done) / size);
}

function failureIn(told: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof told["error"] === "string" && told["error"] !== "") return told["error"];
  const detail = told["errorDetail"];
  return isRecord(detail) && typeof detail["message"] === "string" ? detail["message"] : undefined;
}

function parsed(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

const longestLine = 1024 * 1024;

async function* linesOf(stream: NodeJS.ReadableStream): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + chunk.toString()).split("\n");
    rest = (lines.pop() ?? "").slice(0, longestLine);
    yield* lines;
  }
  yield rest;
}
