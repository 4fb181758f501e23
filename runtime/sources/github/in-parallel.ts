/** Several of many tasks at a time, in their order; a failed one may stop those not begun yet. */

/** `false`: begin no further one. */
export type Task<T> = (item: T, index: number) => Promise<boolean>;

export async function inParallel<T>(items: readonly T[], most: number, task: Task<T>): Promise<void> {
  let next = 0;
  let goesOn = true;
  async function work(): Promise<void> {
    while (goesOn && next < items.length) {
      const index = next;
      next += 1;
      const item = items[index];
      if (item !== undefined && !(await task(item, index))) goesOn = false;
    }
  }
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, work));
}
