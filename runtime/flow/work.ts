/** The other side of the queue: every message to its flow. A flow that throws leaves its message to come again. */
import { logAbout, subjectOf } from "../core/log-ids";
import type { Message, Ports } from "../core/ports";
import { admitEvent } from "./admit-events";
import { discoverJobs } from "./ask-source";
import { checkRunner } from "./check-runner";
import { warnRunner } from "./interruption";
import { settleRun } from "./look-at-job";
import { placeAgain } from "./place-job";
import { planLaunches } from "./plan-launches";
import { rerunLater } from "./rerun-job";
import { retireRunner } from "./retire-runner";

/** All that is said meanwhile names what the message is about. */
export function work(message: Message, ports: Ports): Promise<void> {
  return handle(message, { ...ports, log: logAbout(ports.log, subjectOf(message)) });
}

async function handle(message: Message, ports: Ports): Promise<void> {
  switch (message.kind) {
    case "job-event":
      return admitEvent(message.event, ports);
    case "run-over":
      return settleRun(message.run, ports);
    case "discover":
      await discoverJobs(message.source, ports);
      return;
    case "place":
      return placeAgain(message, ports);
    case "rerun":
      return rerunLater(message, ports);
    case "plan":
      return planLaunches(message.profile, ports);
    case "retire":
      await retireRunner(message, ports);
      return;
    case "check":
      return checkRunner(message, ports);
    case "warned":
      return warnRunner(message, ports);
  }
}

/** Messages that ask for the same thing: handling one of them handles all that were there before it began. */
export function sameAs(message: Message): string | undefined {
  if (message.kind === "plan") return `plan/${message.profile}`;
  if (message.kind === "discover") return `discover/${message.source}`;
  return message.kind === "retire" ? `retire/${message.profile}/${message.runner}` : undefined;
}
