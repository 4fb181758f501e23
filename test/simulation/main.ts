/** Many seeds from the command line: `npm run simulate -- --seeds 1000 --jobs 200 --faults all`. */
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { isMainThread, parentPort } from "node:worker_threads";
import { Hand } from "./hand";
import { readOptions, usage, UsageError, type Options } from "./options";
import { runAll } from "./pool";
import { Progress } from "./progress";
import { failureLine, figuresOf, reportOf } from "./report";
import { misses, switchHead, switchLine, switchNames } from "./switch-table";
import { Tally, type Failure } from "./tally";
import { serve } from "./worker";

const exitCodes = { held: 0, violated: 1, usage: 2, interrupted: 130 } as const;

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), { cores: availableParallelism() });
  if (options.help) {
    console.log(usage);
    return exitCodes.held;
  }
  if (options.switches) return tellSwitches();
  const stop = new AbortController();
  // Only once: who asks a second time does not want to wait for the report.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  const tally = new Tally();
  const began = performance.now();
  await runSeeds(tally, options, stop.signal);
  const wallMs = performance.now() - began;
  await tellFailures(tally, options, stop.signal);
  console.log(reportOf(tally, wallMs));
  if (options.json !== undefined) writeFigures(options.json, figuresOf(tally, wallMs));
  if (tally.failures.length > 0) return exitCodes.violated;
  return stop.signal.aborted ? exitCodes.interrupted : exitCodes.held;
}

async function runSeeds(tally: Tally, { scenarios, workers }: Options, signal: AbortSignal): Promise<void> {
  const progress = new Progress(tally, scenarios.length, { screen: process.stderr, now: () => performance.now() });
  const say = (failure: Failure | undefined) => failure && progress.say(failureLine(failure));
  await runAll(scenarios, {
    ...{ file: __filename, workers, signal },
    onRan: (ran) => {
      tally.add(ran);
      if (ran.violation !== undefined) say(tally.failures.at(-1));
    },
    onBroken: (scenario, problem) => {
      tally.addBroken(scenario, problem);
      say(tally.failures.at(-1));
    },
  });
  if (signal.aborted) progress.say(`stopped after ${tally.seeds} of ${scenarios.length} seeds`);
  progress.end();
}

/** The first one of each promise; a single seed in any case. */
async function tellFailures(tally: Tally, { scenarios, shrink, story }: Options, signal: AbortSignal): Promise<void> {
  const failed = tally.sortedFailures.filter(({ promise }) => promise !== undefined);
  const first = failed.filter(({ promise }, at) => failed.findIndex((other) => other.promise === promise) === at);
  const chosen = scenarios.length === 1 ? scenarios : first.map(({ scenario }) => scenario);
  for (const scenario of chosen) {
    if (signal.aborted) return;
    const hand = new Hand(__filename);
    const end = () => void hand.end();
    signal.addEventListener("abort", end);
    try {
      console.log(`${await hand.tell({ scenario, shrinks: shrink, whole: story })}\n`);
    } catch (error) {
      if (!signal.aborted) console.error(`seed ${scenario.seed} could not be told:`, error);
    }
    await hand.end();
  }
}

async function tellSwitches(): Promise<number> {
  console.log(switchHead);
  let unnoticed = 0;
  for (const name of switchNames) {
    const missed = await misses(name);
    if (missed.seed === null) unnoticed += 1;
    console.log(switchLine(missed));
  }
  return unnoticed === 0 ? exitCodes.held : exitCodes.violated;
}

function writeFigures(file: string, figures: unknown): void {
  try {
    writeFileSync(file, `${JSON.stringify(figures, null, 2)}\n`);
  } catch (error) {
    throw new UsageError(`--json ${file} cannot be written`, { cause: error });
  }
}

function fail(error: unknown): number {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\nnpm run simulate -- --help lists what can be asked for`);
  return exitCodes.usage;
}

if (isMainThread)
  void main()
    .catch(fail)
    .then((code) => (process.exitCode = code));
else if (parentPort !== null) serve(parentPort);
