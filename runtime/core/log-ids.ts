/**
 * What a line of the log is about: the same ids under the same names everywhere, so that one search finds all of a job, a
 * launch or a machine in the logs of all functions. Beside these: `delivery`, `source`, and lists as `jobs` and `machines`.
 */
import type { Job, Launch, Runner } from "./model";
import type { Log, LogFields, Message } from "./ports";

export function jobIds({ key, profile, runner }: Job): LogFields {
  return { job: key, profile, runner };
}

/** `meantFor` where it has no job (yet): whoever looks for that job wants to see what became of its machine. */
export function runnerIds({ id, profile, launch, machine, job, meantFor }: Runner): LogFields {
  const expected = job === null && meantFor !== null ? { meantFor } : {};
  return { runner: id, profile, launch, machine, job, ...expected };
}

/** Ties a launch to all it may become. */
export function launchIds({ id, profile, slots }: Launch): LogFields {
  const jobs = slots.flatMap(({ job }) => job ?? []);
  return { launch: id, profile, runners: slots.map(({ runner }) => runner), jobs };
}

/** What a message is about; nothing of what else it carries. */
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

/** A log that says with each line what all of them are about; what a line says by itself holds. */
export function logAbout(log: Log, about: LogFields): Log {
  const at = (level: keyof Log) => (sentence: string, fields?: LogFields) =>
    log[level](sentence, { ...about, ...fields });
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
