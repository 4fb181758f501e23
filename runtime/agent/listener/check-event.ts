/** The question of the fork door, asked of the event that a job came from. */
import type * as FileSystem from "node:fs";

/**
 * Prints why and sets the exit code 1 when the job's code comes from a fork, or when that cannot be told. Run from its
 * own text by another process: it may use nothing but what it is given.
 */
export function checkEvent(fs: typeof FileSystem, here: NodeJS.Process): void {
  type Fields = Readonly<Record<string, unknown>>;
  const fieldsOf = (value: unknown): Fields => (typeof value === "object" && value !== null ? (value as Fields) : {});
  const name = here.env["GITHUB_EVENT_NAME"] ?? "";
  const refuse = (why: string): void => {
    here.stdout.write(`${why}\n`);
    here.exitCode = 1;
  };
  const isSame = (one: Fields, other: Fields): boolean => {
    if (one["id"] !== undefined && other["id"] !== undefined) return one["id"] === other["id"];
    const [first, second] = [one["full_name"], other["full_name"]];
    return typeof first === "string" && typeof second === "string" && first.toLowerCase() === second.toLowerCase();
  };
  const read = (): unknown => {
    try {
      return JSON.parse(fs.readFileSync(here.env["GITHUB_EVENT_PATH"] ?? "", "utf8"));
    } catch {
      return undefined;
    }
  };
  const event = fieldsOf(read());
  const pull = event["pull_request"];
  const run = event["workflow_run"];
  const [head, base] = [fieldsOf(fieldsOf(pull)["head"]), fieldsOf(fieldsOf(pull)["base"])];
  const isKnown = Object.keys(event).length > 0;
  const needsPull = name.startsWith("pull_request") || (name === "" && !isKnown);
  const needsRun = name === "workflow_run";
  if ((needsPull && pull === undefined) || (needsRun && run === undefined)) {
    return refuse("it cannot be told whether this job's code comes from a fork, so it does not run on this machine");
  }
  const fromFork =
    (pull !== undefined && !isSame(fieldsOf(head["repo"]), fieldsOf(base["repo"]))) ||
    (run !== undefined && !isSame(fieldsOf(fieldsOf(run)["head_repository"]), fieldsOf(event["repository"])));
  if (fromFork) refuse("this job's code comes from a fork, and this machine is no wall against code from anybody");
}
