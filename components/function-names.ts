/** The functions of a fleet, and what each is given. One bundle, one role and one log group for each. */

export interface FunctionShape {
  readonly description: string;
  readonly memoryMiB: number;
  readonly timeoutSeconds: number;
  /** Strangers can call it, so its concurrency may be bounded. */
  readonly open?: true;
  /** It calls the forge, so it has to stand where the forge can be reached. */
  readonly callsForge?: true;
}

export const functionShapes = {
  webhook: { description: "takes webhooks of forges", memoryMiB: 512, timeoutSeconds: 10, open: true },
  agent: { description: "speaks with the machines", memoryMiB: 512, timeoutSeconds: 30, open: true, callsForge: true },
  // It reads a packed folder to its end before there is a job of it, and so much memory comes with a whole processor.
  api: { description: "answers people and scripts", memoryMiB: 1_769, timeoutSeconds: 60, callsForge: true },
  work: { description: "does what the queue says", memoryMiB: 1_024, timeoutSeconds: 60, callsForge: true },
  // It waits for the table most of the time, and runs each minute: more memory would only cost.
  sweep: { description: "finds what is overdue", memoryMiB: 256, timeoutSeconds: 60, callsForge: true },
  events: { description: "hears from EC2 what becomes of machines", memoryMiB: 256, timeoutSeconds: 30 },
} as const satisfies Record<string, FunctionShape>;

export type FunctionName = keyof typeof functionShapes;

export const functionNames = Object.keys(functionShapes) as readonly FunctionName[];
