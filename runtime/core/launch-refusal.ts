/** Why a machine could not be made, as the planner needs to hear it. */
import type { MachineOutcome } from "./ports";

export type RefusedOutcome = Exclude<MachineOutcome["outcome"], "launched">;

export class LaunchRefusal extends Error {
  readonly outcome: RefusedOutcome;

  constructor(outcome: RefusedOutcome, detail: string, options: { cause?: unknown } = {}) {
    super(detail, options);
    this.name = "LaunchRefusal";
    this.outcome = outcome;
  }
}
