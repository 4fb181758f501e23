/** From an input that fails to a small one that still does. */

/** Pieces left out, large ones first. */
export function* shorterBytes(whole: Uint8Array): Generator<Buffer> {
  for (const [from, to] of cuts(whole.length)) yield Buffer.concat([whole.subarray(0, from), whole.subarray(to)]);
}

export function* shorterText(whole: string): Generator<string> {
  for (const [from, to] of cuts(whole.length)) yield whole.slice(0, from) + whole.slice(to);
}

function* cuts(length: number): Generator<readonly [from: number, to: number]> {
  for (let size = length; size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < length; from += size) yield [from, Math.min(length, from + size)];
  }
}

export function* fewer<T>(list: readonly T[]): Generator<readonly T[]> {
  for (const [from, to] of cuts(list.length)) yield [...list.slice(0, from), ...list.slice(to)];
}

export interface Minimising<Input> {
  readonly smaller: (input: Input) => Iterable<Input>;
  readonly fails: (input: Input) => Promise<boolean>;
  /** So many tries, then what there is must do. */
  readonly tries: number;
}

export async function minimise<Input>(first: Input, { smaller, fails, tries }: Minimising<Input>): Promise<Input> {
  let best = first;
  let left = tries;
  for (;;) {
    const found = await firstThat(smaller(best), async (candidate) => {
      left -= 1;
      return left >= 0 && (await fails(candidate));
    });
    if (found === undefined || left <= 0) return best;
    best = found;
  }
}

async function firstThat<T>(
  candidates: Iterable<T>,
  holds: (candidate: T) => Promise<boolean>,
): Promise<T | undefined> {
  for (const candidate of candidates) if (await holds(candidate)) return candidate;
  return undefined;
}
