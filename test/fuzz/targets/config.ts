/** Config files: any text is read as settings, or refused with every problem, what is wrong and what to write instead. */
import { parseListen } from "../../../runtime/core/settings-listen";
import type { Settings } from "../../../runtime/core/settings";
import type { Problem } from "../../../runtime/core/read-settings";
import { explainRoutes } from "../../../runtime/core/routing";
import { problemLines, readConfigText } from "../../../runtime/entry/local/config-file";
import { settingsIn } from "../../../runtime/entry/local/settings-paths";
import { hostileConfig } from "../configs";
import { shorterText } from "../minimise";
import { promise, type Target } from "../target";

const machine = { os: "linux", arch: "x64" };

export const config: Target<string> = {
  name: "config",
  share: 14,
  round: 10_000,
  open: async () => ({ make: hostileConfig, attempt, close: async () => undefined }),
  smaller: shorterText,
  show: (text) => JSON.stringify(text),
};

async function attempt(text: string): Promise<void> {
  const read = readConfigText(text, machine);
  if (read.ok) return checkSettings(read.settings);
  promise(read.problems.length > 0, () => "refused without a reason");
  read.problems.forEach(checkProblem);
  promise(problemLines(read.problems).join("\n") !== "", () => "refused without a word");
}

function checkProblem({ path, what, fix }: Problem): void {
  for (const words of [what, fix]) promise(words !== "" && words.length < 5_000, () => `in these words: ${words}`);
  promise(path.length < 80_000, () => `at a path of ${path.length} characters`);
}

/** What is in force makes sense, whatever was left out. */
function checkSettings(settings: Settings): void {
  const { server, profiles, sources, sweep, lease, retention } = settingsIn("/etc/onejob", settings);
  promise(parseListen(server.listen) !== undefined, () => `listens at ${server.listen}`);
  promise(
    sources.some(({ kind }) => kind === "api"),
    () => "no source api",
  );
  const times = profiles.flatMap(({ timeouts }) => Object.values(timeouts));
  for (const ms of [...times, sweep.intervalMs, lease.durationMs, retention.finishedMs]) {
    promise(Number.isSafeInteger(ms) && ms > 0, () => `a time of ${ms} ms`);
  }
  for (const { limits } of profiles) promise(limits.maxRunners >= 0, () => `a limit of ${limits.maxRunners}`);
  for (const { labels } of profiles.slice(0, 5)) explainRoutes(labels, profiles);
  JSON.stringify(settings);
}
