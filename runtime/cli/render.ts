/** Tables and bars. */
import type { Colors } from "picocolors/types";
import { duration, plain } from "./format";

export type Paint = (text: string) => string;

export interface Column<T> {
  readonly title: string;
  readonly cell: (row: T) => string | number | null | undefined;
  readonly paint?: (row: T) => Paint;
}

/** Aligned columns; the last is not padded. An empty table is its title line alone. */
export function table<T>(columns: readonly Column<T>[], rows: readonly T[], colors: Colors): string {
  const cells = rows.map((row) => columns.map((column) => plain(String(column.cell(row) ?? "-"))));
  const widths = columns.map(({ title }, at) => Math.max(title.length, ...cells.map((row) => row[at]?.length ?? 0)));
  const pad = (text: string, at: number): string => (at === columns.length - 1 ? text : text.padEnd(widths[at] ?? 0));
  const title = columns.map((column, at) => colors.dim(pad(column.title.toUpperCase(), at))).join("  ");
  const lines = rows.map((row, index) =>
    columns
      .map((column, at) => {
        const text = pad(cells[index]?.[at] ?? "", at);
        return column.paint ? column.paint(row)(text) : text;
      })
      .join("  "),
  );
  return `${[title, ...lines].join("\n")}\n`;
}

/** Name and value, one pair to a line. */
export function facts(pairs: readonly (readonly [string, string | number | null | undefined])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${plain(String(value ?? "-"))}\n`).join("");
}

const barWidth = 30;

/** One proportional bar per stage: where the time went. */
export function bars(stages: readonly { readonly stage: string; readonly ms: number }[], mark: string): string {
  const longest = Math.max(1, ...stages.map(({ ms }) => ms));
  const nameWidth = Math.max(0, ...stages.map(({ stage }) => stage.length));
  const times = stages.map(({ ms }) => duration(ms));
  const timeWidth = Math.max(0, ...times.map((time) => time.length));
  return stages
    .map(({ stage, ms }, at) => {
      const bar = mark.repeat(Math.round((Math.max(0, ms) / longest) * barWidth));
      return `  ${plain(stage).padEnd(nameWidth)}  ${(times[at] ?? "").padStart(timeWidth)}  ${bar}`.trimEnd() + "\n";
    })
    .join("");
}

export function statePaint(state: string, colors: Colors): Paint {
  const paints: Readonly<Record<string, Paint>> = {
    completed: colors.green,
    failed: colors.red,
    expired: colors.red,
    cancelled: colors.yellow,
    running: colors.cyan,
    starting: colors.cyan,
    idle: colors.green,
  };
  return paints[state] ?? ((text) => text);
}
