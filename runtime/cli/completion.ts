/** Completion scripts, made from the program itself, so that they cannot fall behind it. */
import type { Command, Option } from "commander";

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

interface Place {
  /** "" for the program, "runners show" for a command in a group. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly summary: string }[];
  readonly options: readonly { readonly flag: string; readonly option: Option }[];
  readonly wantsJob: boolean;
}

export function completionScript(program: Command, shell: Shell): string {
  const all = places(program, "");
  const globals = flags(program);
  const scripts = { bash: posixScript, zsh: zshScript, fish: fishScript };
  return scripts[shell](all, globals);
}

function places(command: Command, path: string): Place[] {
  const here: Place = {
    path,
    commands: command.commands.map((child) => ({ name: child.name(), summary: child.summary() })),
    options: path === "" ? [] : flags(command),
    wantsJob: command.registeredArguments.some((argument) => argument.name() === "job"),
  };
  return [here, ...command.commands.flatMap((child) => places(child, `${path} ${child.name()}`.trim()))];
}

function flags(command: Command): Place["options"] {
  return command.options
    .filter(({ hidden }) => !hidden)
    .flatMap((option) => (option.long ? [{ flag: option.long, option }] : []));
}

const jobIds = "onejob list --quiet --limit 50 2>/dev/null";

/** Walks the words before the cursor to find the command, then offers what may follow it. */
function walk(all: readonly Place[], globals: Place["options"]): string {
  const steps = all
    .filter(({ path }) => path !== "")
    .map(({ path }) => {
      const words = path.split(" ");
      const last = words.pop() ?? "";
      return `      "${words.join(" ")}:${last}") place="${path}" ;;`;
    });
  const offers = all.map(({ path, commands, options, wantsJob }) => {
    const words = [...commands.map(({ name }) => name), ...[...options, ...globals].map(({ flag }) => flag), "--help"];
    return `    "${path}") offer="${words.join(" ")}"${wantsJob ? " jobs=1" : ""} ;;`;
  });
  const choices = [...all.flatMap(({ options }) => options), ...globals].flatMap(({ flag, option }) =>
    option.argChoices ? [`    ${flag}) offer="${option.argChoices.join(" ")}" jobs= ;;`] : [],
  );
  return `  for word in "\${before[@]}"; do
    # What follows belongs to the command of the job.
    [[ $word == -- ]] && return
    case "$place:$word" in
${steps.join("\n")}
    esac
    previous=$word
  done
  case "$place" in
${offers.join("\n")}
  esac
  case "$previous" in
${[...new Set(choices)].join("\n")}
  esac
  [[ -n $jobs && $current != -* ]] && offer="$offer $(${jobIds})"`;
}

function posixScript(all: readonly Place[], globals: Place["options"]): string {
  return `# onejob completion bash
_onejob() {
  local current=\${COMP_WORDS[COMP_CWORD]} place="" offer="" jobs="" previous="" word
  local before=("\${COMP_WORDS[@]:1:COMP_CWORD-1}")
  COMPREPLY=()
${walk(all, globals)}
  COMPREPLY=($(compgen -W "$offer" -- "$current"))
}
complete -o default -F _onejob onejob
`;
}

function zshScript(all: readonly Place[], globals: Place["options"]): string {
  return `#compdef onejob
# onejob completion zsh
_onejob() {
  local current=\${words[CURRENT]} place="" offer="" jobs="" previous="" word
  local -a before
  before=("\${(@)words[2,CURRENT-1]}")
${walk(all, globals)}
  compadd -- \${=offer}
  _files
}
if [[ $funcstack[1] == _onejob ]]; then _onejob "$@"; else compdef _onejob onejob; fi
`;
}

function fishScript(all: readonly Place[], globals: Place["options"]): string {
  const lines = all.flatMap((place) => {
    const when = fishCondition(place, all);
    const commands = place.commands.map(
      ({ name, summary }) => `complete -c onejob -f -n '${when}' -a ${name} -d '${quoted(summary)}'`,
    );
    const options = place.options.map((entry) => `complete -c onejob -n '${when}'${fishOption(entry)}`);
    const jobs = place.wantsJob ? [`complete -c onejob -f -n '${when}' -a '(${jobIds})'`] : [];
    return [...commands, ...options, ...jobs];
  });
  const always = globals.map((entry) => `complete -c onejob${fishOption(entry)}`);
  return `# onejob completion fish\n${[...always, ...lines].join("\n")}\n`;
}

function fishCondition({ path }: Place, all: readonly Place[]): string {
  if (path === "") return "__fish_use_subcommand";
  const seen = path.split(" ").map((word) => `__fish_seen_subcommand_from ${word}`);
  const deeper = all.find((place) => place.path === path)?.commands ?? [];
  // "show" is a command, and one of "runners" too.
  const groups = all.filter((place) => place.path.endsWith(` ${path}`)).map((place) => place.path.split(" ")[0] ?? "");
  const not = [...deeper.map(({ name }) => name), ...groups].join(" ");
  return [...seen, ...(not === "" ? [] : [`not __fish_seen_subcommand_from ${not}`])].join("; and ");
}

function fishOption({ flag, option }: Place["options"][number]): string {
  const short = option.short ? ` -s ${option.short.slice(1)}` : "";
  const value = option.required || option.optional ? " -r" : "";
  const choices = option.argChoices ? ` -f -a '${option.argChoices.join(" ")}'` : "";
  return `${short} -l ${flag.slice(2)}${value}${choices} -d '${quoted(option.description)}'`;
}

function quoted(text: string): string {
  return text.replace(/[\\']/g, "\\$&");
}
