/**
 * The fork door: the runner calls it before the first step of a job, and code from a fork does not get past it.
 *
 * A failed hook alone is no door: steps with `if: always()` still run after it
 * (https://github.com/actions/runner/issues/2811), and a fork writes its workflow itself. So the door also ends the
 * runner's worker, which has done nothing of the job yet; the listener then reports the job as failed.
 */
import { chmod, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ignoreAbsent } from "../../core/error-facts";
import { checkEvent } from "./check-event";
import { ListenerRefusal } from "./listener-refusal";

const variable = "ACTIONS_RUNNER_HOOK_JOB_STARTED";
const fix = "use a compute that isolates, such as docker, or run this workflow elsewhere";

/** Into the runner's private copy, as the agent's own. Answers what the listener's environment needs. */
export async function makeForkDoor(folder: string): Promise<Readonly<Record<string, string>>> {
  // The runner does not quote it, and a door that is not found is none.
  if (/[\s"\\]/.test(folder)) {
    const detail = `${folder} must not hold spaces, quotes or backslashes, or forks cannot be refused; move the data folder`;
    throw new ListenerRefusal("misconfigured", detail);
  }
  const door = join(folder, "onejob-job-started.sh");
  const check = join(folder, "onejob-check-event.js");
  const own = await takeOverSettings(join(folder, ".env"), door);
  await write(check, `(${checkEvent.toString()})(require("node:fs"), process);\n`);
  await write(door, doorScript({ check, folder, own }), 0o755);
  return { [variable]: door };
}

async function write(path: string, text: string, mode = 0o644): Promise<void> {
  // What is there came with the runner, and may be a link.
  await rm(path, { force: true });
  await writeFile(path, text, { flag: "wx", mode });
  await chmod(path, mode);
}

/**
 * The runner reads this file after its environment, so whatever hook stands there would take the door's place. It is
 * called once the door has let a job pass. Answers its path.
 */
async function takeOverSettings(path: string, door: string): Promise<string | undefined> {
  const lines = (await readFile(path, "utf8").catch(ignoreAbsent))?.split(/\r?\n/);
  if (lines === undefined) return undefined;
  const isHook = (line: string): boolean => line.startsWith(`${variable}=`);
  const own = lines
    .filter(isHook)
    .at(-1)
    ?.slice(variable.length + 1);
  const others = lines.filter((line) => line !== "" && !isHook(line));
  await write(path, `${[...others, `${variable}=${door}`].join("\n")}\n`);
  return own === "" ? undefined : own;
}

interface Door {
  readonly check: string;
  readonly folder: string;
  readonly own: string | undefined;
}

/** Signals do not open it: a job that is cancelled meanwhile still runs its `always()` steps. */
function doorScript({ check, folder, own }: Door): string {
  const nodes = `${quoted(process.execPath)} ${quoted(folder)}/externals/node*/bin/node`;
  const pass = own === undefined ? "exit 0" : `trap - HUP INT TERM; exec "\${BASH:-/bin/sh}" -e ${quoted(own)}`;
  return `#!/bin/sh
# Written by Onejob, for this job only.
set +e
trap '' HUP INT TERM
event() { env -i GITHUB_EVENT_NAME="$GITHUB_EVENT_NAME" GITHUB_EVENT_PATH="$GITHUB_EVENT_PATH" "$@"; }
why=
for node in ${nodes}; do
  [ -x "$node" ] || continue
  if why=$(event "$node" ${quoted(check)} 2>/dev/null); then
    ${pass}
  fi
  [ -z "$why" ] || break
done
why="Onejob refuses this job: \${why:-it cannot be told where its code comes from}; ${fix}"
echo "::error title=Onejob::$why"
worker=$(readlink "/proc/$PPID/exe" 2>/dev/null || ps -o comm= -p "$PPID" 2>/dev/null)
case $worker in
  */Runner.Worker)
    # What a worker wrote becomes part of the job's result when it ends like this; the error above needs a moment.
    echo "$why" 2>/dev/null >>"/proc/$PPID/fd/1"
    sleep 2
    while kill -KILL "$PPID" 2>/dev/null; do sleep 1; done
    ;;
esac
exit 1
`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
