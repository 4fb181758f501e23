/** Machine names become names of files and containers, and values in environments; anything else was never ours. */
export function isMachineName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(name);
}
