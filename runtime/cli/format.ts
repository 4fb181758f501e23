/** Facts as short text for people. */

/** Text from outside, safe on a terminal: a job's name must not move the cursor. */
export function plain(text: string): string {
  return text.replace(/\p{Cc}/gu, "?");
}

export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1_000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** One unit is enough to read a table by: "12s ago", "3h ago". */
export function ago(ms: number): string {
  if (ms < 0) return `in ${oneUnit(-ms)}`;
  return ms < 1_000 ? "now" : `${oneUnit(ms)} ago`;
}

function oneUnit(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)}h` : `${Math.floor(seconds / 86_400)}d`;
}

export function bytes(count: number): string {
  if (count < 1_024) return `${count} B`;
  if (count < 1_048_576) return `${(count / 1_024).toFixed(1)} KiB`;
  return count < 1_073_741_824 ? `${(count / 1_048_576).toFixed(1)} MiB` : `${(count / 1_073_741_824).toFixed(1)} GiB`;
}

/** "2 queued, 1 running"; states that nobody is in are left out. */
export function counts(by: Readonly<Record<string, number>>): string {
  const there = Object.entries(by).filter(([, count]) => count > 0);
  return there.length === 0 ? "none" : there.map(([state, count]) => `${count} ${state}`).join(", ");
}
