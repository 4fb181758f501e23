/** What happened, in order, to whom: kept only when somebody wants to read it, as a run can always be repeated. */
import type { Instant } from "../../runtime/core/model";
import type { Clock, Log, LogFields } from "../../runtime/core/ports";

interface Line {
  readonly at: Instant;
  readonly who: string;
  readonly what: string;
}

export class Story {
  readonly #lines: Line[] = [];
  readonly #clock: Clock;
  readonly #began: Instant;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#began = clock.now();
  }

  note(who: string, what: string): void {
    this.#lines.push({ at: this.#clock.now(), who, what });
  }

  /** Only what concerns one of these names; all of it without any. */
  tell(names: readonly string[] = []): string {
    const lines = this.#lines.filter(({ who, what }) => names.length === 0 || mentions(`${who} ${what}`, names));
    return lines.map(({ at, who, what }) => `${sinceStart(at - this.#began)}  ${who.padEnd(10)} ${what}`).join("\n");
  }

  /** What our own code logs becomes part of it. */
  log(): Log {
    const say = (level: string) => (sentence: string, fields?: LogFields) =>
      this.note("onejob", `${level}: ${sentence}${fieldsOf(fields)}`);
    return { debug: () => undefined, info: say("info"), warn: say("warn"), error: say("error") };
  }
}

function mentions(text: string, names: readonly string[]): boolean {
  return names.some((name) => text.includes(name));
}

function fieldsOf(fields: LogFields = {}): string {
  const words = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null);
  return words.map(([name, value]) => ` ${name}=${value instanceof Error ? value.message : String(value)}`).join("");
}

/** `2:03:04.567` */
function sinceStart(ms: number): string {
  const two = (count: number) => String(Math.floor(count)).padStart(2, "0");
  const time = `${Math.floor(ms / 3_600_000)}:${two((ms / 60_000) % 60)}:${two((ms / 1_000) % 60)}`;
  return `${time}.${String(ms % 1_000).padStart(3, "0")}`.padStart(13);
}
