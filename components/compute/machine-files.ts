/**
 * The files of `imagebuilder/` that stand on every machine, and the script that puts them there: as a build step of an
 * image, and in the user data of a machine, which may have started from an older image or from none of ours.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface MachineFile {
  readonly name: string;
  readonly path: string;
  readonly mode: string;
  /** Every boot brings it anyway, so an image need not hold it; components of Image Builder may not be long. */
  readonly bootOnly?: true;
}

const machineFiles: readonly MachineFile[] = [
  { name: "versions.env", path: "/opt/onejob/versions.env", mode: "0644" },
  { name: "quiet-units", path: "/opt/onejob/quiet-units", mode: "0644" },
  { name: "install.sh", path: "/opt/onejob/bin/install", mode: "0755" },
  { name: "boot.sh", path: "/opt/onejob/bin/boot", mode: "0755", bootOnly: true },
  { name: "start-agent.sh", path: "/opt/onejob/bin/start-agent", mode: "0755", bootOnly: true },
  { name: "onejob-agent.service", path: "/etc/systemd/system/onejob-agent.service", mode: "0644" },
];

/** Nothing in our files may look like it. */
const endOfFile = "ONEJOB_END_OF_FILE";

/** For bash, as root. Where `ONEJOB_ROOT` is set everything goes below that folder. */
export function machineFilesScript(use: "image" | "boot"): string {
  const wanted = machineFiles.filter(({ bootOnly }) => use === "boot" || bootOnly !== true);
  return [
    writer,
    ...wanted.map(({ name, path, mode }) => writeFile({ path, mode, text: bare(readMachineFile(name)) })),
  ].join("\n");
}

/** Leaves a file alone that is as it should be: units that did not change need not be read again. */
const writer = `put() {
  local path=\${ONEJOB_ROOT:-}$2
  mkdir -p "\${path%/*}"
  cat >"$path.new"
  chmod "$1" "$path.new"
  if cmp -s "$path.new" "$path"; then
    rm -f "$path.new"
    return
  fi
  mv -f "$path.new" "$path"
  if [[ $2 == /etc/systemd/* ]]; then export UNITS_CHANGED=1; fi
}`;

/** One call of `put`, which the text before must define. */
export function writeFile({
  path,
  mode,
  text,
}: {
  readonly path: string;
  readonly mode: string;
  readonly text: string;
}): string {
  if (text.includes(endOfFile)) throw new Error(`${path} holds the word that ends it`);
  return `put ${mode} ${path} <<'${endOfFile}'\n${text.replace(/\n*$/, "\n")}${endOfFile}`;
}

/** As it stands in `imagebuilder/`. */
export function readMachineFile(name: string): string {
  const folders = [join(__dirname, "..", "..", "imagebuilder"), join(__dirname, "..", "..", "..", "imagebuilder")];
  const folder = folders.find((candidate) => existsSync(join(candidate, name)));
  if (folder === undefined)
    throw new Error(`the file imagebuilder/${name} of this package is missing; install it again`);
  return readFileSync(join(folder, name), "utf8");
}

/** Without whole lines of comment: user data and components may not be longer than 16 KB. */
function bare(text: string): string {
  return text.replace(/^[ \t]*#(?!!).*\n/gm, "").replace(/\n{2,}/g, "\n");
}
