/** Reads along what the listener writes: two of its lines say where it stands, and its last ones say why it ended. */
import type { OutputTarget } from "../job-output";

export interface ListenerOutputParts {
  readonly secret: string;
  readonly onListening: () => void;
  readonly onJob: () => void;
}

const keptLines = 20;
const longestLine = 8 * 1024;
const shownOfLine = 300;
const shownOfAll = 1_500;

export class ListenerOutput implements OutputTarget {
  private readonly parts: ListenerOutputParts;
  private readonly decoder = new TextDecoder();
  private lines: readonly string[] = [];
  private line = "";
  private taken = 0;

  constructor(parts: ListenerOutputParts) {
    this.parts = parts;
  }

  get size(): number {
    return this.taken;
  }

  append(chunk: Uint8Array): Promise<void> {
    this.taken += chunk.length;
    const [first = "", ...rest] = this.decoder.decode(chunk, { stream: true }).split(/[\r\n]+/);
    this.line = (this.line + first).slice(0, longestLine);
    for (const next of rest) {
      this.take(this.line);
      this.line = next.slice(0, longestLine);
    }
    // Whoever writes no line break means it all the same.
    this.look(this.line);
    return Promise.resolve();
  }

  /** Nothing is lost on the way here, so there is nothing to say. */
  note(): Promise<void> {
    return Promise.resolve();
  }

  /** The last lines, for people: nothing in them can trick a terminal, and the credential is not among them. */
  get lastLines(): string {
    const all = [...this.lines, this.shown(this.line)].filter((line) => line !== "").join(" | ");
    return all.length > shownOfAll ? `…${all.slice(-shownOfAll)}` : all;
  }

  private take(line: string): void {
    this.look(line);
    const text = this.shown(line);
    if (text !== "") this.lines = [...this.lines, text].slice(-keptLines);
  }

  private look(line: string): void {
    if (line.includes("Listening for Jobs")) this.parts.onListening();
    if (line.includes("Running job:")) this.parts.onJob();
  }

  private shown(line: string): string {
    const plain = line.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, "").replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ");
    return this.withoutSecret(plain).replace(/ +/g, " ").trim().slice(0, shownOfLine);
  }

  /** Parts of it too: a message may quote where it failed, and a long line is cut. */
  private withoutSecret(line: string): string {
    const { secret } = this.parts;
    return line.replaceAll(secret, "***").replace(/[\w+/=-]{12,}/g, (word) => (secret.includes(word) ? "***" : word));
  }
}
