/** What `onejob init` asks on a terminal. */
import type { Context } from "../context";
import { usage } from "../commands/command";
import { lazy } from "../lazy";

export interface Answer {
  readonly path: readonly (string | number)[];
  readonly value: string | number;
}

const questions = [
  { path: ["server", "listen"], text: "Address and port to listen on", number: false },
  { path: ["server", "maxRunners"], text: "Most jobs at once", number: true },
  { path: ["profiles", 0, "timeouts", "job"], text: "How long a job may run", number: false },
] as const;

export interface Interview {
  /** One line, trimmed; "" where only Enter was pressed. */
  ask(question: string): Promise<string>;
  end(): void;
}

/** Line by line, without readline's own editing: that would swallow Ctrl-C. */
export function interview({ io }: Context): Interview {
  if (!io.isTTY.stdin) throw usage("there is no terminal to ask on; run onejob init --yes to take the defaults");
  const terminal = lazy.readline().createInterface({ input: io.stdin, terminal: false });
  const lines = terminal[Symbol.asyncIterator]();
  return {
    async ask(question) {
      io.stderr.write(`${question}: `);
      const line = await lines.next();
      if (line.done) throw usage("the answers ended before the questions; nothing was written");
      return line.value.trim();
    },
    end: () => terminal.close(),
  };
}

/** Asks what every starter holds; answers what shall be other than `preset` says. */
export async function askSettings(talk: Interview, preset: (path: Answer["path"]) => unknown): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const { path, text, number } of questions) {
    const value = await talk.ask(`${text} [${String(preset(path))}]`);
    if (value !== "") answers.push({ path, value: number && /^\d+$/.test(value) ? Number(value) : value });
  }
  return answers;
}

export async function askScopes(talk: Interview): Promise<string> {
  return talk.ask("GitHub organisation or owner/repo (empty: none)");
}

/** Everything but a clear yes is a no. */
export async function askTrust(talk: Interview): Promise<boolean> {
  const question =
    "Jobs from GitHub would run here as this user: whoever can change a workflow there can then read and change all this user can.\n" +
    "Let them run so? Without it they wait for another compute [y/N]";
  return /^y(es)?$/i.test(await talk.ask(question));
}
