/** The machines that were ended, so that a launch that comes late starts none of them again. */
export interface EndedMachines {
  add(machine: string): void;
  has(machine: string): boolean;
}

/** Enough for what can still be under way; the oldest are forgotten. */
export function endedMachines(most = 10_000): EndedMachines {
  const ended = new Set<string>();
  return {
    has: (machine) => ended.has(machine),
    add(machine) {
      ended.add(machine);
      for (const oldest of ended) {
        if (ended.size <= most) return;
        ended.delete(oldest);
      }
    },
  };
}
