/** Acts once a signal aborts, also when it has already. */

/** After `until` aborts, nothing happens any more. */
export function onAbort(signal: AbortSignal, act: () => void, until?: AbortSignal): void {
  if (until?.aborted === true) return;
  if (signal.aborted) act();
  else signal.addEventListener("abort", act, { once: true, ...(until === undefined ? {} : { signal: until }) });
}
