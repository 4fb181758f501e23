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

export function hosting(fn: string, { fleet }: FleetFacts): Hosting {
  let current = "none";
  const request = (): string => current;
  const log = jsonLines({ fn, request, level: process.env["ONEJOB_LOG_LEVEL"] });
  const meter = emfMeter({ fleet, fn, clock: systemClock });
  return {
    log,
    meter,
    request,
    handler:
      (handle) =>
      async (event, context = {}) => {
        current = context.awsRequestId ?? "none";
        try {
          return await handle(event, context);
        } finally {
          meter.flush();
        }
      },
  };
}
