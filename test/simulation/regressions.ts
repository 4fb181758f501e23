/**
 * Scenarios that once broke a promise, made small, named after what they hold. A failing seed prints its own row; the newest
 * go to the end. They stay when the code or the dice have changed so much that their faults hit something else, as all but
 * the last ones have: they cost little, and what each of them found is told, small, in `test/flow/found-by-simulation.test.ts`.
 */
import type { Scenario } from "./scenario";

export interface Regression {
  /** A claim, as a test's name: what holds though this happens. */
  readonly name: string;
  readonly scenario: Scenario;
}

export const regressions: readonly Regression[] = [
  { name: "counts the machines of a launch whose answers were all lost", scenario: { seed: 1492, jobs: 30 } },
  { name: "never ends a machine at its boot time-out under a job that it has", scenario: { seed: 1845, jobs: 30 } },
  { name: "nor when the end of that machine was begun and broke off", scenario: { seed: 1862, jobs: 30 } },
  { name: "shows every waiting job a machine or a reason", scenario: { seed: 164, jobs: 30 } },
  { name: "asks whom a runner serves that nobody named", scenario: { seed: 1110, jobs: 30 } },
  { name: "retires machines beyond demand before their idle time-out", scenario: { seed: 122, jobs: 30 } },
  { name: "retires them also when the words on their jobs come late", scenario: { seed: 2028, jobs: 30 } },
  { name: "ends a silent agent though the sweep is always a little late", scenario: { seed: 317, jobs: 30 } },
  {
    name: "leaves a runner alone whose start was written when the server died",
    scenario: { seed: 20, jobs: 20, only: ["message-twice#7", "message-twice#14", "crash-after#301"] },
  },
  { name: "finds jobs at the forge though the server restarts again and again", scenario: { seed: 21387, jobs: 40 } },
  {
    name: "shows every waiting job its reason though a machine that was meant for it took another one",
    scenario: { seed: 29, jobs: 20 },
  },
  {
    name: "never keeps a job silent though two planners in a row die with the lease",
    scenario: { seed: 942, jobs: 6 },
  },
  { name: "finds jobs at the forge though two rounds of asking in a row fail", scenario: { seed: 2129, jobs: 20 } },
];
