/** What every function has around its work: a log that names the request, and metrics written when it ends. */
import type { FleetFacts } from "../../core/fleet-facts";
import type { Log } from "../../core/ports";
import { systemClock } from "../host/node-random";
import { emfMeter, type EmfMeter } from "./emf-meter";
import { jsonLines } from "./json-lines";

/** As much of Lambda's context as is used here. */
export interface LambdaContext {
  readonly awsRequestId?: string;
  getRemainingTimeInMillis?(): number;
}

export type Handler<Event, Answer> = (event: Event, context?: LambdaContext) => Promise<Answer>;

export interface Hosting {
  readonly log: Log;
  readonly meter: EmfMeter;
  /** Id of the request at hand. */
  readonly request: () => string;
  handler<Event, Answer>(handle: (event: Event, context: LambdaContext) => Promise<Answer>): Handler<Event, Answer>;
}

/** Who waits longer for a call notices it. */
const slowMs = 2_000;

export function hosting(fn: string, { fleet }: FleetFacts): Hosting {
  let current = "none";
  const request = (): string => current;
  const log = jsonLines({ fn, request, level: process.env["ONEJOB_LOG_LEVEL"] });
  const meter = emfMeter({ fleet, fn, clock: systemClock });
  const tell = callTeller(log);
  return {
    log,
    meter,
    request,
    handler:
      (handle) =>
      async (event, context = {}) => {
        current = context.awsRequestId ?? "none";
        const ended = tell();
        try {
          return await handle(event, context);
        } finally {
          ended();
          meter.flush();
        }
      },
  };
}

/**
 * The platform says nothing of calls that went well (`systemLogLevel` of the functions); a line for the first call of a
 * process and for each slow one is what is worth keeping of it.
 */
function callTeller(log: Log): () => () => void {
  let isFirst = true;
  return () => {
    const began = performance.now();
    const cold = isFirst;
    // From the start of the process, so all that was loaded is in it.
    const sinceStartMs = Math.round(began);
    isFirst = false;
    return () => {
      const ms = Math.round(performance.now() - began);
      if (cold) log.info("first call of a process", { ms, sinceStartMs });
      else if (ms >= slowMs) log.info("slow call", { ms });
    };
  };
}
