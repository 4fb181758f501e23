/** Runs the program in process, with everything it says caught, in folders of its own. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import type { CliIo } from "../../runtime/cli/io";
import { runCli } from "../../runtime/cli/run";
import { FakeApi } from "../fakes/api-server";

class Caught extends Writable {
  text = "";
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString("utf8");
    done();
  }
}

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export class Terminal {
  readonly folder = mkdtempSync(join(tmpdir(), "onejob-cli-"));
  readonly dataDir = join(this.folder, "state");
  readonly cwd = join(this.folder, "work");
  env: Record<string, string> = { ONEJOB_DATA_DIR: this.dataDir, XDG_CONFIG_HOME: join(this.folder, "config") };
  input = "";
  isTTY = { stdin: false, stdout: false, stderr: false };
  patience = { retryMs: 2, giveUpMs: 50, askMs: 2, seldomMs: 4, whyMs: 2, lookMs: 2, settleMs: 6, endMs: 60_000 };
  now = (): number => Date.now();
  private stdout = new Caught();
  private stderr = new Caught();
  private interrupt: (() => void) | null = null;

  constructor() {
    mkdirSync(this.dataDir, { mode: 0o700 });
    mkdirSync(this.cwd);
  }

  /** Leaves in the data folder what a running server leaves there. */
  serves(api: FakeApi, socket?: string): this {
    const info = {
      url: api.url,
      ...(socket === undefined ? {} : { socket }),
      pid: process.pid,
      version: "0.1.0",
      startedAt: "2030-01-01T00:00:00.000Z",
    };
    writeFileSync(join(this.dataDir, "server.json"), JSON.stringify(info));
    writeFileSync(join(this.dataDir, "token"), `${api.token}\n`, { mode: 0o600 });
    return this;
  }

  async run(...argv: readonly string[]): Promise<Ran> {
    const stdout = new Caught();
    const stderr = new Caught();
    this.stdout = stdout;
    this.stderr = stderr;
    const code = await runCli(argv, { ...this.io(), stdout, stderr });
    return { code, out: stdout.text, err: stderr.text };
  }

  /** What the run under way has printed so far. */
  get printed(): string {
    return this.stdout.text;
  }

  /** The same of its messages. */
  get said(): string {
    return this.stderr.text;
  }

  /** Ends the program where nobody listens; here that would be the tests. */
  pressCtrlC(): void {
    this.interrupt?.();
  }

  get hearsCtrlC(): boolean {
    return this.interrupt !== null;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private io(): Omit<CliIo, "stdout" | "stderr"> {
    return {
      stdin: Readable.from([this.input]),
      env: this.env,
      cwd: this.cwd,
      home: this.folder,
      isTTY: this.isTTY,
      now: () => this.now(),
      onInterrupt: (listener) => {
        this.interrupt = listener;
        return () => void (this.interrupt = null);
      },
      patience: this.patience,
    };
  }
}

/** Waits for something the other side does; the test's own time limit ends it when it never comes. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** For each test a server of its own, and a terminal that knows it. */
export function onFakeServer(take: (made: { readonly api: FakeApi; readonly terminal: Terminal }) => void): void {
  let made: { readonly api: FakeApi; readonly terminal: Terminal };
  beforeEach(async () => {
    const api = await new FakeApi().start();
    made = { api, terminal: new Terminal().serves(api) };
    take(made);
  });
  afterEach(async () => {
    await made.api.stop();
    made.terminal.remove();
  });
}
