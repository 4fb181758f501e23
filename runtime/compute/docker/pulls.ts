/** Pulls under way: one at a time for each image. A launch waits a while for one; it goes on when nobody waits. */
import { LaunchRefusal } from "../../core/launch-refusal";
import type { Clock, Log } from "../../core/ports";

export interface PullOptions {
  readonly log: Log;
  readonly clock: Clock;
  /** How long a launch waits for a pull, in milliseconds. */
  readonly waitMs: number;
}

export interface PullOrder {
  /** Pulls with one key are one. */
  readonly key: string;
  readonly image: string;
  /** Never rejects: answers why it failed, if it did. */
  readonly pull: (onPercent: (percent: number | null) => void) => Promise<LaunchRefusal | undefined>;
}

export interface Pulls {
  /** Joins the pull under way, or begins one. Throws a refusal: how far it is, or why it failed. */
  wait(order: PullOrder): Promise<void>;
  /** One ended well at most so long ago. */
  isFresh(key: string, withinMs: number): boolean;
}

interface Pull {
  /** Why it failed, if it did. */
  readonly ended: Promise<LaunchRefusal | undefined>;
  percent: number | null;
  waiting: number;
  /** When it failed and nobody waited any more: the next launch is told. */
  failedAt?: number;
}

/** How long a failed pull is told to a launch that comes later, before it is tried anew. */
const staleMs = 10 * 60_000;
const logEveryMs = 5_000;

export function pulls({ log, clock, waitMs }: PullOptions): Pulls {
  const underWay = new Map<string, Pull>();
  const doneAt = new Map<string, number>();

  const current = (key: string): Pull | undefined => {
    const pull = underWay.get(key);
    if (pull?.failedAt === undefined) return pull;
    underWay.delete(key);
    return clock.now() - pull.failedAt < staleMs ? pull : undefined;
  };

  const begin = (order: PullOrder): Pull => {
    const { key, image } = order;
    log.info("image is pulled", { image });
    const tell = progressLog({ log, clock }, image);
    const ended = order.pull((percent) => tell((pull.percent = percent)));
    const pull: Pull = { ended, percent: null, waiting: 0 };
    underWay.set(key, pull);
    void ended.then((refusal) => {
      if (refusal === undefined) log.info("image was pulled", { image });
      else log.warn("image could not be pulled", { image, error: refusal.message });
      if (refusal === undefined) doneAt.set(key, clock.now());
      if (refusal === undefined || pull.waiting > 0) underWay.delete(key);
      else pull.failedAt = clock.now();
    });
    return pull;
  };

  return {
    isFresh: (key, withinMs) => clock.now() - (doneAt.get(key) ?? -Infinity) < withinMs,
    async wait(order) {
      const pull = current(order.key) ?? begin(order);
      pull.waiting += 1;
      const refusal = await within(waitMs, pull.ended);
      pull.waiting -= 1;
      if (refusal === later) throw stillPulled(order.image, pull.percent);
      if (refusal !== undefined) throw refusal;
    },
  };
}

function stillPulled(image: string, percent: number | null): LaunchRefusal {
  const far = percent === null ? "" : ` (${percent} %)`;
  return new LaunchRefusal("no-capacity", `image ${image} is being pulled${far}`);
}

function progressLog(
  { log, clock }: Pick<PullOptions, "log" | "clock">,
  image: string,
): (percent: number | null) => void {
  let last = clock.now();
  return (percent) => {
    if (clock.now() - last < logEveryMs) return;
    last = clock.now();
    log.info("image is being pulled", { image, percent });
  };
}

const later = Symbol("later");

async function within<T>(ms: number, work: Promise<T>): Promise<T | typeof later> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<typeof later>((resolve) => {
    timer = setTimeout(() => resolve(later), ms);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
