/**
 * Pools: where AWS may have a machine for us, by type, subnet and market. One that had none is left out for a while, as
 * long as others are left: asking it again costs seconds and brings nothing.
 */
import type { MachineFacts } from "../../core/fleet-facts";
import type { Instant } from "../../core/model";
import type { Clock } from "../../core/ports";
import type { Ec2ComputeSettings } from "../../core/settings";

export type Market = "spot" | "on-demand";

export interface Pool {
  readonly type: string;
  readonly subnet: string;
}

/** @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/fleet-quotas.html (overrides per request) */
const mostPools = 300;

/** Types first: with more pools than a request takes, every subnet loses the last types. */
export function poolsOf({ types }: Pick<Ec2ComputeSettings, "types">, { subnets }: MachineFacts): readonly Pool[] {
  return types.flatMap((type) => subnets.map((subnet) => ({ type, subnet }))).slice(0, mostPools);
}

const emptyMs = 3 * 60_000;

/** Of this process: another one finds out for itself. */
export class CapacityMemory {
  readonly #clock: Clock;
  readonly #until = new Map<string, Instant>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  isEmpty(market: Market, pools: readonly Pool[]): void {
    for (const pool of pools) this.#until.set(keyOf(market, pool), this.#clock.now() + emptyMs);
  }

  /** Those that may have something. */
  open(market: Market, pools: readonly Pool[]): readonly Pool[] {
    const now = this.#clock.now();
    for (const [key, until] of this.#until) if (until <= now) this.#until.delete(key);
    return pools.filter((pool) => !this.#until.has(keyOf(market, pool)));
  }
}

function keyOf(market: Market, { type, subnet }: Pool): string {
  return `${market} ${type} ${subnet}`;
}
