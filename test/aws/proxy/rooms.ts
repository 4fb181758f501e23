/** What AWS has to give: machines by pool, and quotas by market. */
import type { KnownCode } from "./refusals";

export interface Pool {
  readonly market: string;
  readonly type: string;
  readonly subnet: string;
}

export class Rooms {
  #rooms: { readonly pool: Partial<Pool>; room: number }[] = [];

  /** So many machines are left in all pools that fit, together. */
  set({ room, ...pool }: Partial<Pool> & { readonly room: number }): void {
    this.#rooms.push({ pool, room });
  }

  clear(): void {
    this.#rooms = [];
  }

  get isLimited(): boolean {
    return this.#rooms.length > 0;
  }

  /** Takes up to `wanted`, and answers how many. */
  take(pool: Pool, wanted: number): number {
    const limits = this.#rooms.filter((limit) => fits(pool, limit.pool));
    const taken = Math.min(wanted, ...limits.map(({ room }) => room));
    for (const limit of limits) limit.room -= taken;
    return taken;
  }
}

function fits(pool: Pool, { market, type, subnet }: Partial<Pool>): boolean {
  return (
    (market === undefined || market === pool.market) &&
    (type === undefined || type === pool.type) &&
    (subnet === undefined || subnet === pool.subnet)
  );
}

const codes: Readonly<Record<string, KnownCode>> = {
  spot: "MaxSpotInstanceCountExceeded",
  "on-demand": "VcpuLimitExceeded",
};

export class Walls {
  readonly #left = new Map<string, number>();

  /** Refuses the next calls for machines of the market; without `times` all of them. */
  set(market: "spot" | "on-demand", times = Number.POSITIVE_INFINITY): void {
    this.#left.set(market, times);
  }

  clear(): void {
    this.#left.clear();
  }

  refuses(market: string): KnownCode | undefined {
    const left = this.#left.get(market) ?? 0;
    if (left <= 0) return undefined;
    this.#left.set(market, left - 1);
    return codes[market];
  }
}
