/**
 * Scenarios that once broke a promise, made small, named after what they hold. A failing seed prints its own row; the newest
 * go to the end. They stay when the code has changed so much that their faults hit something else: they cost little.
 */
import type { Scenario } from "./scenario";

export interface Regression {
  /** A claim, as a test's name: what holds though this happens. */
  readonly name: string;
  readonly scenario: Scenario;
}

export const regressions: readonly Regression[] = [];
