/** The program itself, as a process: whatever it is given, it ends with a code of its list and in its own words. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { markedProcesses } from "../../fixtures/onejob-process";
import { commandLine, kept } from "../cli-arguments";
import { hostileConfig } from "../configs";
import type { Dice } from "../dice";
import { hostileAnswer, openHostileServer, type HostileAnswer, type HostileServer } from "../hostile-server";
import { fewer } from "../minimise";
import { mutateBytes } from "../mutate";
import { oddJson, oddText } from "../odd";
import { program, runProgram, type Circumstances, type Ended } from "../program";
import { promise, type Stage, type Target } from "../target";

interface Input extends Circumstances {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Of the run's folder; `null`: none. */
  readonly config: string | null;
  /** `odd`: its files hold anything. */
  readonly data: "running" | "none" | "odd";
  readonly info: string;
  readonly answers: readonly HostileAnswer[];
}

export const cli: Target<Input> = {
  name: "cli",
  share: 100,
  round: 250,
  open: async () => Desk.open(),
  *smaller(input) {
    for (const args of fewer(input.args)) yield { ...input, args };
    for (const [name] of Object.entries(input.env)) yield { ...input, env: { ...input.env, [name]: "" } };
    if (input.config !== null) yield { ...input, config: null };
  },
  show: (input) => JSON.stringify(input),
};

const limitMs = 45_000;
const endless = /^(serve|watch)$/;
/** Commands that ask once, and not again and again, of a server that makes no sense. */
const asksOnce = /^(status|profiles|list|show|why|runners|rerun|doctor|drain)$/;

class Desk implements Stage<Input> {
  readonly #folder = realpathSync(mkdtempSync(join(tmpdir(), "onejob-fuzz-cli-")));
  readonly #data = join(this.#folder, "data");
  readonly #hostile: HostileServer;
  #server: ChildProcess | undefined;
  #known: Readonly<Record<string, string>> = {};

  private constructor(hostile: HostileServer) {
    this.#hostile = hostile;
  }

  static async open(): Promise<Desk> {
    const desk = new Desk(await openHostileServer());
    await desk.#serve();
    return desk;
  }

  /** A server with one job that ran. */
  async #serve(): Promise<void> {
    chmodSync(this.#folder, 0o755);
    const env = { ...this.#plainEnv(), ONEJOB_DATA_DIR: this.#data };
    const given = [program, "serve", "--listen", "127.0.0.1:0"];
    const server = spawn(process.execPath, given, { cwd: this.#folder, env, stdio: ["ignore", "pipe", "ignore"] });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.stdout?.once("data", () => resolve());
      server.once("exit", (code) => reject(new Error(`the server left with ${String(code)}`)));
    });
    mkdirSync(join(this.#folder, "empty-folder"));
    const run = [program, "submit", "--dir", "empty-folder", "--output", "json", "--detach", "--", "true"];
    const job = JSON.parse(execFileSync(process.execPath, run, { cwd: this.#folder, env, encoding: "utf8" })) as {
      key: string;
    };
    const { url } = JSON.parse(readFileSync(join(this.#data, "server.json"), "utf8")) as { url: string };
    const id = job.key.slice(job.key.lastIndexOf("/") + 1);
    this.#known = { job: job.key, id, prefix: id.slice(0, 12), url, runner: "onejob-x", port: new URL(url).port };
  }

  #plainEnv(): Record<string, string> {
    return { PATH: process.env["PATH"] ?? "", HOME: this.#folder, NO_COLOR: "1" };
  }

  make(dice: Dice): Input {
    const args = commandLine(dice);
    const isConfig = args.includes("config");
    return {
      args,
      env: environment(dice),
      config: isConfig ? hostileConfig(dice) : dice.percent(30) ? plainConfig(dice) : null,
      data: dice.pick(["running", "running", "running", "none", "odd"]),
      info: serverInfo(dice),
      answers: Array.from({ length: 1 + dice.below(3) }, () => hostileAnswer(dice)),
      input: dice.pick([null, "", "y\n\n", oddText(dice)]),
      output: dice.percent(88) ? "read" : dice.pick(["left", "full", "closed"]),
      user: dice.percent(95) ? "me" : "nobody",
      folder: dice.percent(98) ? "there" : "removed",
    };
  }

  async attempt(input: Input): Promise<void> {
    const work = join(this.#folder, "work");
    furnish(work, input.config);
    this.#hostile.answer(input.answers);
    const hostile = asksOnce.test(input.args.find((arg) => !arg.startsWith("-")) ?? "")
      ? this.#hostile.url
      : "http://127.0.0.1:1";
    const known: Readonly<Record<string, string>> = { ...this.#known, hostile, data: this.#data };
    const args = kept(
      input.args.map((arg) => arg.replace(/\{(\w+)\}/g, (whole, name: string) => known[name] ?? whole)),
      this.#folder,
    );
    const env: Record<string, string> = { ...this.#plainEnv(), ...input.env, ONEJOB_DATA_DIR: this.#dataDir(input) };
    if (input.user === "nobody") delete env["HOME"];
    // Node itself needs to know where it is, to find a relative one.
    if (input.folder === "removed") env["HOME"] = this.#folder;
    const endAfterMs = args.some((arg) => endless.test(arg)) ? 4_000 : null;
    const ended = await runProgram({ ...input, args, env, cwd: work, endAfterMs, limitMs });
    rmSync(work, { recursive: true, force: true });
    promise(!ended.late, () => `did not end; it said ${ended.stderr.slice(0, 500)}; ${this.#lastJob()}`);
    check(ended, input, { args, isHostile: args.some((arg) => arg.includes(this.#hostile.url)) });
  }

  /** Why the newest job is where it is, and what runners there are. */
  #lastJob(): string {
    const env = { ...this.#plainEnv(), ONEJOB_DATA_DIR: this.#data };
    const say = (...args: string[]): string =>
      execFileSync(process.execPath, [program, ...args], { env, encoding: "utf8" });
    const id = say("list", "--quiet", "--limit", "1").trim();
    return `${say("why", id)}${say("runners")}`;
  }

  #dataDir({ data, info }: Input): string {
    if (data === "running") return this.#data;
    if (data === "none") return join(this.#folder, "no-data");
    const odd = join(this.#folder, "odd-data");
    mkdirSync(odd, { recursive: true });
    writeFileSync(join(odd, "server.json"), info);
    writeFileSync(join(odd, "token"), info.slice(0, 50));
    return odd;
  }

  async close(): Promise<void> {
    await this.#hostile.close();
    const server = this.#server;
    if (server !== undefined && server.exitCode === null) {
      const gone = new Promise((resolve) => server.once("exit", resolve));
      server.kill("SIGTERM");
      await gone;
    }
    endAgents(this.#data);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** They would wait for the next server, which never comes. */
function endAgents(data: string): void {
  for (const { pid } of markedProcesses(data)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended in between.
    }
  }
}

/** What command lines may name. */
function furnish(work: string, config: string | null): void {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(work, "deep", "\u202e\u001b[2J"), { recursive: true });
  chmodSync(work, 0o777);
  writeFileSync(join(work, "odd"), Buffer.from([0, 0xff, 0xfe, 0x0a]));
  writeFileSync(join(work, "empty"), "");
  symlinkSync("link", join(work, "link"));
  execFileSync("mkfifo", [join(work, "deep", "pipe")]);
  if (config !== null) writeFileSync(join(work, "onejob.yaml"), config);
}

/** For commands that act on it: names no server but ours. Only `config` reads whatever there may be. */
function plainConfig(dice: Dice): string {
  const plain = "version: 1\nprofiles: [{ name: default, labels: [linux] }]\n";
  return dice.pick([plain, oddText(dice), mutateBytes(Buffer.from(plain), dice).toString("latin1"), oddJson(dice)]);
}

function serverInfo(dice: Dice): string {
  const info = { url: "http://127.0.0.1:1", pid: 1, version: "1", startedAt: "x", socket: "/nowhere/s.sock" };
  return dice.pick([
    JSON.stringify(info),
    JSON.stringify({ ...info, url: "x", socket: undefined }),
    oddJson(dice),
    oddText(dice),
  ]);
}

function environment(dice: Dice): Readonly<Record<string, string>> {
  const odd: Readonly<Record<string, () => string>> = {
    ONEJOB_OUTPUT: () => dice.pick(["json", "yaml", "xml", "", oddText(dice)]),
    ONEJOB_TOKEN: () => oddText(dice),
    ONEJOB_LOG_LEVEL: () => dice.pick(["debug", "silent", "x", ""]),
    ONEJOB_URL: () => dice.pick(["http://127.0.0.1:1", "x", "", "http://127.0.0.1:1/a/b?c"]),
    ONEJOB_CONFIG: () => dice.pick(["onejob.yaml", "gone", "odd", "link", ""]),
    XDG_CONFIG_HOME: () => dice.pick(["", "relative", "/dev/null"]),
    XDG_STATE_HOME: () => dice.pick(["", "relative", "/dev/null"]),
    HOME: () => dice.pick(["", "/dev/null", "/gone", "relative"]),
    LANG: () => dice.pick(["C", "xx"]),
    COLUMNS: () => dice.pick(["0", "-1", "x"]),
  };
  const chosen = Object.entries(odd).filter(() => dice.percent(5));
  return Object.fromEntries(chosen.map(([name, make]) => [name, make().replaceAll("\0", "").slice(0, 40_000)]));
}

const own = [0, 1, 2, 66, 69, 73, 74, 77, 78];
/** Besides what the command itself ends with, or cannot be started with. */
const ofSubmit = [...own, 7, 124, 125, 126, 127, 130];
const trace = /^\s+at .+:\d+:\d+\)?$|node:internal|^Node\.js v|\(node:\d+\)|UnhandledPromise/m;

interface Said {
  readonly args: readonly string[];
  /** It spoke with a server that makes no sense: what it cannot understand it may call a fault. */
  readonly isHostile: boolean;
}

function check(ended: Ended, input: Input, { args, isHostile }: Said): void {
  const { code, signal, stderr } = ended;
  promise(!trace.test(stderr), () => `a trace: ${stderr.slice(0, 1_500)}`);
  promise(isHostile || !stderr.includes("went wrong inside Onejob"), () => `a fault: ${stderr.slice(0, 1_500)}`);
  const wasEnded = args.some((arg) => endless.test(arg)) && signal === "SIGTERM";
  const gone = input.output === "left" && code === 141;
  const list = args.includes("submit") ? ofSubmit : own;
  promise(
    wasEnded || gone || (code !== null && list.includes(code)),
    () => `ended with ${code ?? String(signal)}: ${stderr.slice(0, 800)}`,
  );
  promise(
    code === 0 || wasEnded || gone || stderr !== "" || isSilent(args),
    () => `ended with ${String(code)} and not a word`,
  );
}

/** Whose bad end is an answer, or was said on standard output. */
function isSilent(args: readonly string[]): boolean {
  return args.some((arg) => /^(doctor|watch|submit|config|--output|-o)$/.test(arg));
}
