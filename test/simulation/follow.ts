/**
 * Of a story, the lines about some names and about what these are tied to: a job's runner, its launch, its webhooks.
 * The nearer a line is to the names, the sooner it is taken.
 */
import { fault, verdict, type Line } from "./story";

export interface Followed {
  readonly lines: readonly Line[];
  /** How many more are about them, and had no room. */
  readonly leftOut: number;
}

/** Forge jobs (`f12`, run again `f12r7` or `f12+1`), webhooks (`d3`), and what our own code named by counting up. */
const idForm = /^(?:f\d+(?:[r+]\d+)*|d\d+|0{6}\w+)$/;
const wordForm = /[\w./+-]+/g;
/** From the names to their runners, from these to their launches and other jobs. */
const rings = 3;
/** A line that names more than this ties nothing together: all jobs of a storm are in one webhook. */
const crowd = 5;
/** With fewer than this the last ones of all are told as well, whomever they are about. */
const fewest = 30;

export function follow(lines: readonly Line[], names: readonly string[], most = 120): Followed {
  const ids = lines.map(idsIn);
  const taken = new Set<number>();
  const known = new Set(names.map(idOf));
  let leftOut = 0;
  for (let ring = 0; ring < rings && leftOut === 0; ring += 1) {
    const isNear = (line: Line, at: number) =>
      (ids[at] ?? []).some((id) => known.has(id)) || (ring > 0 && isForAll(line, ids[at]));
    const found = lines.flatMap((line, at) => (!taken.has(at) && isNear(line, at) ? [at] : []));
    leftOut = Math.max(0, found.length - (most - taken.size));
    // The last ones before the end tell most.
    for (const at of found.slice(leftOut)) taken.add(at);
    for (const at of taken) if ((ids[at]?.length ?? 0) <= crowd) for (const id of ids[at] ?? []) known.add(id);
  }
  for (let at = lines.length - 1; at >= 0 && taken.size < Math.min(fewest, most); at -= 1) taken.add(at);
  return { lines: lines.filter((_, at) => taken.has(at)), leftOut };
}

/** A fault that hits nobody by name hits everybody, and the verdict is what all of it leads to. */
function isForAll({ who }: Line, ids: readonly string[] = []): boolean {
  return who === verdict || (who === fault && ids.length === 0);
}

function idsIn({ what }: Line): readonly string[] {
  return [...new Set((what.match(wordForm) ?? []).map(idOf))].filter((id) => idForm.test(id));
}

/** `gh/forge.example/f12` and `f12` are one job, `onejob-0000000a` and `0000000a` one runner. */
function idOf(word: string): string {
  return word.slice(word.lastIndexOf("/") + 1).replace(/^onejob-|[.]$/g, "");
}
