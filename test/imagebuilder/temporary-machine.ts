/**
 * A machine that is a folder: our scripts run below it, and what they would do to the real one is done by stubs that note
 * how they were called.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { machineFilesScript } from "../../components/compute/machine-files";

const run = promisify(execFile);

export interface Ended {
  readonly code: number;
  readonly output: string;
}

const quiet = "exit 0";
/** Whatever could change the machine that the tests run on is among them. */
const stubs: Readonly<Record<string, string>> = {
  curl: [
    'while (($#)); do [[ $1 == --output ]] && out=$2; url=$1; shift; done; echo "curl $url" >>"$CALLS"',
    'left=$(cat "$SERVED/.refusals" 2>/dev/null || echo 0)',
    'if ((left > 0)); then echo $((left - 1)) >"$SERVED/.refusals"; exit 22; fi',
    'cp "$SERVED/${url##*/}" "$out" 2>/dev/null || exit 22',
  ].join("\n"),
  "apt-get": [
    'left=$(cat "$SERVED/.locked" 2>/dev/null || echo 0)',
    'if ((left > 0)); then echo $((left - 1)) >"$SERVED/.locked"; exit 100; fi',
    'for name; do if [[ $name == docker.io ]]; then printf "#!/bin/sh\\necho docker\\n" >"$BIN/docker"; chmod +x "$BIN/docker"; fi; done',
  ].join("\n"),
  uname: "echo ${MACHINE:-x86_64}",
  id: 'case "$*" in "-u onejob") cat "$SERVED/.user" 2>/dev/null ;; "-g onejob") echo 998 ;; esac',
  useradd: 'echo 1001 >"$SERVED/.user"',
  getent: "exit 2",
  ldconfig: "echo libicuuc.so.74",
  groupadd: quiet,
  snap: quiet,
  systemctl: "[[ $1 != is-active ]] || exit 3",
  "systemd-run": quiet,
  sleep: quiet,
  ...Object.fromEntries(["git", "jq", "make", "rsync", "unzip", "zip", "zstd"].map((name) => [name, quiet])),
};

export class TemporaryMachine {
  readonly root = mkdtempSync(join(tmpdir(), "onejob-machine-"));
  readonly served = join(this.root, ".served");
  private readonly bin = join(this.root, ".bin");
  private readonly callsFile = join(this.root, ".calls");

  constructor() {
    for (const [name, body] of Object.entries(stubs)) this.stub(name, body);
    mkdirSync(this.served);
    writeFileSync(this.callsFile, "");
  }

  stub(name: string, body: string): void {
    const note = name === "curl" ? "" : 'echo "${0##*/} $*" >>"$CALLS"\n';
    this.write(`.bin/${name}`, `#!/bin/bash\n${note}${body}\n`, 0o755);
  }

  /** As the stubs were called since the last time, one line each. */
  calls(): readonly string[] {
    const lines = readFileSync(this.callsFile, "utf8").split("\n").filter(Boolean);
    writeFileSync(this.callsFile, "");
    return lines;
  }

  write(path: string, text: string, mode = 0o644): string {
    const full = join(this.root, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text);
    chmodSync(full, mode);
    return full;
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), "utf8");
  }

  has(path: string): boolean {
    return existsSync(join(this.root, path));
  }

  /** `script`: text for bash. */
  async bash(script: string, more: Readonly<Record<string, string>> = {}): Promise<Ended> {
    const env = {
      PATH: `${this.bin}:/usr/bin:/bin`,
      ...{ ONEJOB_ROOT: this.root, ONEJOB_PAUSE: "0", ONEJOB_CONSOLE: join(this.root, ".console") },
      ...{ CALLS: this.callsFile, SERVED: this.served, BIN: this.bin },
      ...more,
    };
    try {
      const { stdout, stderr } = await run("/bin/bash", ["--norc", "-c", script], { env });
      return { code: 0, output: stdout + stderr };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, output: stdout + stderr };
    }
  }

  async writeMachineFiles(): Promise<void> {
    const { code, output } = await this.bash(`set -euo pipefail\n${machineFilesScript("image")}`);
    if (code !== 0) throw new Error(output);
  }

  /** Packs a folder with these files, as `name` for whoever asks for it. Answers its SHA-256. */
  async serveArchive(name: string, files: Readonly<Record<string, string>>): Promise<string> {
    const folder = mkdtempSync(join(this.root, ".pack-"));
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(folder, dirname(path)), { recursive: true });
      writeFileSync(join(folder, path), text, { mode: 0o755 });
    }
    const archive = join(this.served, name);
    await run("tar", ["-caf", archive, "-C", folder, ...readdirSync(folder)]);
    return sha256(readFileSync(archive));
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

export function sha256(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
