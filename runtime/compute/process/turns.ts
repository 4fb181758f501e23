/** Lets actions under the same name run one after another, in the order they came. */
export interface Turns {
  take<T>(name: string, action: () => Promise<T>): Promise<T>;
}

export function turns(): Turns {
  const last = new Map<string, Promise<unknown>>();
  return {
    async take(name, action) {
      const before = last.get(name) ?? Promise.resolve();
      const mine = before.then(action, action);
      last.set(name, mine);
      try {
        return await mine;
      } finally {
        if (last.get(name) === mine) last.delete(name);
      }
    },
  };
}
