/** What a message is about, for a log: ids, nothing of what it carries. */
import type { Message } from "../core/ports";

export function subjectOf(message: Message): Readonly<Record<string, string>> {
  switch (message.kind) {
    case "job-event":
      return { job: message.event.facts.key, delivery: message.event.delivery };
    case "run-over":
      return { source: message.run.source, run: message.run.run };
    case "rerun":
    case "place":
      return { job: message.job };
    case "discover":
      return { source: message.source };
    case "plan":
      return { profile: message.profile };
    case "retire":
    case "check":
    case "warned":
      return { profile: message.profile, runner: message.runner };
  }
}
