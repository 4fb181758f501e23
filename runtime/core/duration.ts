/** Spans of time as people write them. The one parser of the house: config file, command line and API use it. */

const units = [
  { short: "d", long: "day", ms: 86_400_000 },
  { short: "h", long: "hour", ms: 3_600_000 },
  { short: "m", long: "minute", ms: 60_000 },
  { short: "s", long: "second", ms: 1_000 },
  { short: "ms", long: "millisecond", ms: 1 },
] as const;

/** Every unit at most once, largest first: "1d", "6h30m", "10 minutes", "1 hour 30 minutes". */
const wholeText = new RegExp(`^${units.map(({ short, long }) => `(?:(\\d+) ?(?:${long}s?|${short}) ?)?`).join("")}$`);

/**
 * Milliseconds, or `undefined` for anything that is not a duration from its first to its last character: a bare
 * number, a sign, a decimal, an unknown unit, a span too long to count exactly.
 */
export function parseDuration(text: string): number | undefined {
  const amounts = text.endsWith(" ") ? undefined : wholeText.exec(text)?.slice(1);
  // Groups that took no part are undefined at run time, whatever the type of the match says.
  if (amounts === undefined || amounts.every((amount: string | undefined) => amount === undefined)) return undefined;
  const total = units.reduce((sum, unit, index) => sum + Number(amounts[index] ?? 0) * unit.ms, 0);
  return Number.isSafeInteger(total) ? total : undefined;
}

/** A text that `parseDuration` reads back to the same number, in the largest units. Fractions of a millisecond are dropped. */
export function formatDuration(ms: number): string {
  let rest = Math.max(0, Math.trunc(ms));
  let text = "";
  for (const unit of units) {
    const amount = Math.floor(rest / unit.ms);
    rest -= amount * unit.ms;
    if (amount > 0) text += `${amount}${unit.short}`;
  }
  return text === "" ? "0s" : text;
}
