/** What happened, in order, to whom: kept only when somebody wants to read it, as a run can always be repeated. */
import type { Instant } from "../../runtime/core/model";
import type { Clock, Log, LogFields } from "../../runtime/core/ports";
import { briefly } from "./briefly";
import type { Strike } from "./dice";
import { faults } from "./faults";

export interface Line {
  /** Since the start of the run. */
  readonly ms: number;
  readonly who: string;
  readonly what: string;
}

/** The teller of faults, whose lines are marked. */
export const fault = "FAULT";

/** The teller of what was broken in the end. */
export const verdict = "JUDGE";

export class Story {
  readonly #lines: Line[] = [];
  readonly #clock: Clock;
  readonly #began: Instant;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#began = clock.now();
  }

  get lines(): readonly Line[] {
    return this.#lines;
  }

  note(who: string, what: string): void {
    this.#lines.push({ ms: this.#clock.now() - this.#began, who, what });
  }

  noteFault({ id, name, hit }: Strike): void {
    const whom = briefly(hit);
    this.note(fault, `${id}${whom === "" ? "" : ` on ${whom}`}: ${faults[name].what}`);
  }

  /** What our own code logs becomes part of it. */
  log(): Log {
    const say = (level: string) => (sentence: string, fields?: LogFields) =>
      this.note("onejob", `${level}: ${sentence}${fieldsOf(fields)}`);
    return { debug: () => undefined, info: say("info"), warn: say("warn"), error: say("error") };
  }
}

export function textOf(lines: readonly Line[]): string {
  return lines
    .map(({ ms, who, what }) => `${who === fault ? "!" : " "} ${sinceStart(ms)}  ${who.padEnd(7)} ${what}`)
    .join("\n");
}

/** `2:03:04.567` */
export function sinceStart(ms: number): string {
  const two = (count: number) => String(Math.floor(count)).padStart(2, "0");
  const time = `${Math.floor(ms / 3_600_000)}:${two((ms / 60_000) % 60)}:${two((ms / 1_000) % 60)}`;
  return `${time}.${String(Math.floor(ms % 1_000)).padStart(3, "0")}`.padStart(12);
}

function textOfField(value: unknown): string {
  if (value instanceof Error) return value.message;
  return typeof value === "object" && !Array.isArray(value) ? JSON.stringify(value) : String(value);
}

function fieldsOf(fields: LogFields = {}): string {
  const words = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null);
  return words.map(([name, value]) => ` ${name}=${textOfField(value)}`).join("");
}
