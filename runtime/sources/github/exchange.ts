/** A call within its budget: waits its turn, makes it, learns from the answer, and tries again after a short "too fast". */
import { OnejobError } from "../../core/errors";
import type { Clock, Random } from "../../core/ports";
import type { Budget } from "./budget";
import { patienceMs, throttled } from "./budget";
import type { CallKind } from "./budget-rules";
import { readLimits } from "./limits";
import type { Outage } from "./outage";
import type { Wire, WireAnswer, WireRequest } from "./wire";
import { send } from "./wire";

export interface Line extends Wire {
  readonly clock: Clock;
  readonly random: Random;
  /** Of the source, for errors. */
  readonly name: string;
  readonly outage: Outage;
}

const mostTries = 3;
/** Those who were told the same moment must not all come back in it. */
const spreadMs = 500;

/** Every answer below 500 that does not say "too fast". Throws `source-unreachable`, `source-throttled`. */
export async function exchange(
  request: WireRequest,
  { budget, background, line }: { budget: Budget; background: boolean; line: Line },
): Promise<WireAnswer> {
  const call: CallKind = { mutates: request.method !== "GET", background };
  for (let tries = 1; ; tries += 1) {
    const answer = await inTurn(call, budget, () => ask(request, line));
    const now = line.clock.now();
    const reading = readLimits(answer, now);
    const retryAt = reading.retryAt === null ? null : reading.retryAt + Math.floor(line.random.fraction() * spreadMs);
    await budget.learn({ ...call, unchanged: answer.status === 304 }, { ...reading, retryAt });
    if (retryAt === null) return answer;
    if (tries === mostTries || retryAt - now > patienceMs) throw throttled(line.name, retryAt);
  }
}

async function inTurn<T>(call: CallKind, budget: Budget, task: () => Promise<T>): Promise<T> {
  const leave = await budget.enter(call);
  try {
    return await task();
  } finally {
    leave();
  }
}

async function ask(request: WireRequest, line: Line): Promise<WireAnswer> {
  const endpoint = endpointOf(request);
  line.outage.check(endpoint);
  const answer = await hear(request, line);
  if (answer.status < 500) {
    line.outage.answered();
    return answer;
  }
  await line.outage.failed(endpoint);
  throw new OnejobError("source-unreachable", `${new URL(request.url).host} answers ${answer.status}`);
}

async function hear(request: WireRequest, line: Line): Promise<WireAnswer> {
  try {
    return await send(request, line);
  } catch (error) {
    // A server that sends us elsewhere is there.
    if (error instanceof OnejobError && error.code === "source-unreachable") await line.outage.failed(null);
    throw error;
  }
}

/** Whatever it is asked about: `GET /repos/actions/jobs/*`. */
function endpointOf({ method, url }: WireRequest): string {
  const path = new URL(url).pathname.replace(/\/(?:(repos)\/[^/]+|(orgs|users))\/[^/]+/, "/$1$2");
  return `${method} ${path.replace(/\/\d+(?=\/|$)/g, "/*")}`;
}
