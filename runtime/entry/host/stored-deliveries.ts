/** Remembers the ids of deliveries stored lately, so that a doubled one can be answered as such. Bounded, in memory. */
import type { StoredDeliveries } from "../../flow/receive-delivery";

const mostKept = 5_000;

export function storedDeliveries(limit = mostKept): StoredDeliveries {
  const kept = new Set<string>();
  return {
    has: (source, id) => kept.has(`${source}/${id}`),
    add(source, id) {
      kept.add(`${source}/${id}`);
      for (const oldest of kept) {
        if (kept.size <= limit) return;
        kept.delete(oldest);
      }
    },
  };
}
