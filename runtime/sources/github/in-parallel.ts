/** Several of many tasks at a time, in their order. */

/** `false`: begin no further one. */
export type Task<T> = (item: T, index: number) => Promise<boolean>;

/** Ends when all that were begun have ended. After one that throws none is begun, and its error is thrown. */
export async function inParallel<T>(items: readonly T[], most: number, task: Task<T>): Promise<void> {
  const left = items.entries();
  const failures: unknown[] = [];
  let goesOn = true;
  async function work(): Promise<void> {
    for (const [index, item] of left) {
      if (!goesOn) return;
      try {
        if (!(await task(item, index))) goesOn = false;
      } catch (error) {
        failures.push(error);
        goesOn = false;
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, work));
  if (failures.length > 0) throw failures[0];
}
