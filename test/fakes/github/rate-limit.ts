/** GitHub's limits: requests an hour (primary), and points a minute (secondary). Each identity has its own. */
import type { Identity } from "./auth";
import { limitOwner } from "./auth";
import { Refusal } from "./reply";
import type { World } from "./world";

interface Window {
  used: number;
  readonly endsAt: number;
}

export class RateLimits {
  private readonly world: World;
  private readonly hours = new Map<string, Window>();
  private readonly minutes = new Map<string, Window>();

  constructor(world: World) {
    this.world = world;
  }

  /** Throws when a limit is used up. Counts the points; the request itself is counted by `spend`. */
  check(identity: Identity, method: string): void {
    const { primaryLimit, primaryLimitStatus } = this.world.options;
    const { key, words } = limitOwner(identity);
    if (primaryLimit !== null && this.window(this.hours, key).used >= primaryLimit) {
      throw new Refusal(primaryLimitStatus, `API rate limit exceeded for ${words}.`);
    }
    this.addPoints(key, method);
  }

  /** One request of the hour; a 304 is never spent. */
  spend(identity: Identity): void {
    this.window(this.hours, limitOwner(identity).key).used += 1;
  }

  headers(identity: Identity): Readonly<Record<string, string>> {
    const { primaryLimit } = this.world.options;
    if (primaryLimit === null) return {};
    const { used, endsAt } = this.window(this.hours, limitOwner(identity).key);
    return {
      "x-ratelimit-limit": String(primaryLimit),
      "x-ratelimit-remaining": String(Math.max(0, primaryLimit - used)),
      "x-ratelimit-used": String(used),
      "x-ratelimit-reset": String(Math.ceil(endsAt / 1000)),
      "x-ratelimit-resource": "core",
    };
  }

  private addPoints(key: string, method: string): void {
    const { secondaryLimit } = this.world.options;
    if (secondaryLimit === null) return;
    const minute = this.window(this.minutes, key);
    const points = method === "GET" ? 1 : 5;
    if (minute.used + points > secondaryLimit) {
      const seconds = Math.max(1, Math.ceil((minute.endsAt - this.world.now()) / 1000));
      throw new Refusal(
        403,
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
        { headers: { "retry-after": String(seconds) } },
      );
    }
    minute.used += points;
  }

  private window(windows: Map<string, Window>, key: string): Window {
    const now = this.world.now();
    const open = windows.get(key);
    if (open !== undefined && open.endsAt > now) return open;
    const { primaryWindowMs, secondaryWindowMs } = this.world.options;
    const fresh = { used: 0, endsAt: now + (windows === this.hours ? primaryWindowMs : secondaryWindowMs) };
    windows.set(key, fresh);
    return fresh;
  }
}
