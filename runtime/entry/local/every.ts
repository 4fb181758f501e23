/** Runs a task again and again, never twice at once: the pause begins when it is done. */
export interface Repeating {
  /** Resolves when a run under way is done. */
  stop(): Promise<void>;
}

export function every(pauseMs: () => number, task: () => Promise<void>): Repeating {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  const next = () => {
    if (stopped) return;
    timer = setTimeout(() => {
      running = task().finally(next);
    }, pauseMs());
  };
  next();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
