/** Command lines, from right ones to absurd ones; none of them does harm outside its folder. */
import { resolve, sep } from "node:path";
import { existsSync } from "node:fs";
import type { Dice } from "./dice";
import { mutateWords } from "./mutate";
import { anyText, oddText } from "./odd";

/** What a command line may name in the folder of its run, and what a system has for everybody. */
const files = [
  "onejob.yaml",
  "odd",
  "link",
  "pipe",
  "empty",
  "gone",
  "gone/deeper",
  "deep",
  "/dev/null",
  "/dev/full",
  ".",
];
/** What stands in braces is known only once there is a server. */
const jobs = ["{job}", "{job}", "{id}", "{prefix}", "{url}", "01JD00", "api/local/1", "x"];

type Make = (dice: Dice) => readonly string[];

const job = (dice: Dice): string => (dice.percent(75) ? dice.pick(jobs) : oddText(dice));
const word = (dice: Dice): string => (dice.percent(50) ? oddText(dice) : anyText(dice));
const number = (dice: Dice): string => dice.pick(["1", "10", "500", "0", "-1", "501", "1e2", "", "x", "1.5", "９"]);
const span = (dice: Dice): string =>
  dice.pick(["1m", "10 minutes", "0s", "-1s", "1y", "", "99999999999d", "1.5h", "5s"]);
const file = (dice: Dice): string => (dice.percent(80) ? dice.pick(files) : oddText(dice));

function some(dice: Dice, options: readonly Make[]): readonly string[] {
  return options.flatMap((make) => (dice.percent(25) ? make(dice) : []));
}

/** Only such as end by themselves and touch nothing. */
const harmless = [
  ["true"],
  ["false"],
  ["echo", "hello"],
  ["no-such-program"],
  ["sh", "-c", "exit 7"],
  ["sleep", "0"],
  [""],
];

const submit: Make = (dice) => [
  "submit",
  ...some(dice, [
    () => ["--label", dice.pick(["linux", "a,b", ",", word(dice)])],
    () => ["--profile", dice.pick(["default", word(dice)])],
    () => ["--env", dice.pick(["A=b", "A", "=", "A=", "1=2", word(dice)])],
    () => ["--timeout", span(dice)],
    () => ["--retries", number(dice)],
    () => ["--dir", file(dice)],
    () => ["--include-git"],
    () => ["--name", word(dice)],
    () => ["--detach"],
  ]),
  ...(dice.percent(90) ? ["--"] : []),
  ...dice.pick(harmless),
  ...(dice.percent(20) ? [word(dice)] : []),
];

const list: Make = (dice) => [
  "list",
  ...some(dice, [
    () => ["--state", dice.pick(["queued", "completed", "done", word(dice)])],
    () => ["--source", word(dice)],
    () => ["--profile", word(dice)],
    () => ["--limit", number(dice)],
    () => ["--cursor", word(dice)],
  ]),
];

const init: Make = (dice) => [
  "init",
  "--yes",
  ...some(dice, [
    () => ["--github", dice.pick(["acme/widgets", "acme", "a,b/c", word(dice)])],
    () => ["--github-url", dice.pick(["http://127.0.0.1:1", "https://", "ftp://127.0.0.1", "x"])],
    () => ["--token-env", dice.pick(["GH_TOKEN", word(dice)])],
    () => ["--app-id", number(dice)],
    () => ["--private-key", file(dice)],
    () => ["--webhook-secret-env", word(dice)],
    () => ["--trust-same-user"],
  ]),
];

const serve: Make = (dice) => [
  "serve",
  ...["--data-dir", dice.pick(["fresh", "{data}", "odd", "link", "gone/deeper", "/dev/null", "/proc/none"])],
  ...[
    "--listen",
    dice.pick(["127.0.0.1:0", "127.0.0.1:{port}", "x", "", "[::1", "127.0.0.1:65536", "127.0.0.1", word(dice)]),
  ],
];

/** The more often, the more it can do. */
const commands: readonly Make[] = [
  ...[submit, submit, submit, list, list, init, serve],
  (dice) => [dice.pick(["show", "why", "show", "why"]), job(dice)],
  (dice) => [
    dice.pick(["logs", "watch", "cancel", "rerun"]),
    job(dice),
    ...some(dice, [() => ["-f"], () => ["--wait"]]),
  ],
  (dice) => [dice.pick(["status", "profiles", "version", "doctor", "help", "--help", "--version", "watch", "drain"])],
  (dice) => ["drain", dice.pick(["--resume", "--all", "--now"]), dice.pick(["--resume", "--bad", word(dice)])],
  (dice) => [
    "runners",
    ...dice.pick([[], ["list"], ["show", "{runner}"], ["drain", "onejob-x"], ["show", word(dice)]]),
  ],
  (dice) => ["config", "validate", ...(dice.percent(50) ? [file(dice)] : [])],
  () => ["config", "validate"],
  (dice) => ["config", "explain", "--labels", dice.pick(["linux", "self-hosted,linux", ",", word(dice)]), file(dice)],
  (dice) => ["completion", dice.pick(["bash", "zsh", "fish", "sh", word(dice)])],
  (dice) => Array.from({ length: dice.below(5) }, () => word(dice)),
];

const globals: readonly Make[] = [
  (dice) => ["--output", dice.pick(["json", "yaml", "table", "xml", ""])],
  () => ["--no-color"],
  () => ["--quiet"],
  (dice) => ["--token-file", file(dice)],
  (dice) => ["--config", file(dice)],
  (dice) => [
    "--url",
    dice.pick(["http://127.0.0.1:1", "{hostile}", "x", "http://", "ftp://127.0.0.1/", "http://127.0.0.1:99999"]),
  ],
];

/** In characters of up to three bytes: Linux takes 128 KiB. */
const longestArgument = 40_000;

/** No NUL: no system takes one. */
export function commandLine(dice: Dice): readonly string[] {
  const plain = dice.pick(commands)(dice);
  const given = dice.percent(40) ? some(dice, globals) : [];
  const args = dice.percent(50) ? [...given, ...plain] : [...plain.slice(0, 1), ...given, ...plain.slice(1)];
  const changed = dice.percent(15) ? change(args, dice) : args;
  return changed.map((arg) => arg.replaceAll("\0", "").slice(0, longestArgument));
}

/** Only in front of what is to be run. */
function change(args: readonly string[], dice: Dice): readonly string[] {
  const end = args.indexOf("--") < 0 ? args.length : args.indexOf("--");
  const at = dice.below(end + 1);
  const arg = args[at] ?? "";
  const made = dice.pick([
    [],
    [arg, arg],
    [mutateWords(arg, dice)],
    [arg, oddText(dice)],
    [`--${oddText(dice)}`],
    ["-"],
    [`${arg}=`],
  ]);
  return [...args.slice(0, at), ...made, ...args.slice(at + 1)];
}

const pathOptions = /^(--data-dir|--dir|--config|-c|--private-key|--token-file)(?:=(.*))?$/s;

/** A path that leads out of the run's folder to something that is there is taken away: `--dir /` would pack it all. */
export function kept(args: readonly string[], folder: string): readonly string[] {
  return args.map((arg, at) => {
    const inline = pathOptions.exec(arg);
    const [, option, value] = inline ?? [];
    if (value !== undefined) return leadsOut(value, folder) ? `${String(option)}=gone` : arg;
    return pathOptions.test(args[at - 1] ?? "") && leadsOut(arg, folder) ? "gone" : arg;
  });
}

function leadsOut(path: string, folder: string): boolean {
  const full = resolve(folder, "work", path);
  return !full.startsWith(folder + sep) && !full.startsWith("/dev/") && existsSync(full);
}
