/**
 * Scenarios that once broke a promise, made small, named after what they hold. A failing seed prints its own row; the newest
 * go to the end. Each fails again once the line that is named above it is taken back. When the dice or the simulator change,
 * its faults hit something else: then it is found anew that way, or dropped, as what it found is told in `test/flow`, too.
 */
import type { Scenario } from "./scenario";

export interface Regression {
  /** A claim, as a test's name: what holds though this happens. */
  readonly name: string;
  readonly scenario: Scenario;
}

export const regressions: readonly Regression[] = [
  // flow/perform-launch: what is given up is looked up first, two minutes after the last call. I3
  {
    name: "counts the machines of a launch whose answers were all lost",
    scenario: {
      ...{ seed: 242, jobs: 25, only: ["cloud-lost-answer#64", "cloud-lost-answer#76", "cloud-outage#79"] },
      arrivals: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 16, 17, 18, 19, 20, 21, 22, 23, 24],
    },
  },
  // flow/overdue-runner: what was given its right is asked to leave. I1
  {
    name: "never ends a machine at its boot time-out that listens, though its word of it is late",
    scenario: {
      ...{ seed: 18, jobs: 21, arrivals: [0, 1, 4, 5, 12, 14, 15, 16, 17, 18, 19, 20] },
      only: [
        ...["cancel#16", "crash-before#91", "slow-call#111", "crash-after#115", "crash-before#144", "drain#4"],
        ...["cloud-throttled#4", "crash-after#349", "crash-before#1203", "crash-before#1562"],
      ],
    },
  },
  // core/model: that is marked on the runner (`grantedAt`), and not known from its enrolment. I1
  {
    name: "nor when the record of its right is gone by then",
    scenario: {
      ...{ seed: 18, jobs: 25, arrivals: [0, 1, 2, 3, 4, 5, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24] },
      only: [
        ...["cancel#3", "cancel#13", "cancel#14", "cancel#16", "cancel#23", "cancel#25", "crash-before#91"],
        ...["slow-call#111", "crash-after#115", "crash-before#144", "drain#4", "slow-call#1184"],
        ...["crash-before#1203", "crash-before#1562"],
      ],
    },
  },
  // core/level: `pairAnew`. I7
  {
    name: "shows every waiting job a machine or a reason though its machine took another one",
    scenario: {
      ...{ seed: 29, jobs: 25, only: ["webhook-twice#5", "bad-image#15"] },
      arrivals: [1, 2, 8, 12, 13, 14, 15, 16, 17, 21, 22, 23, 24],
    },
  },
  // core/level: `idleToSpare`, also where room is not tight. I6
  {
    name: "retires machines beyond demand before their idle time-out",
    scenario: { seed: 16, jobs: 22, arrivals: [9, 10, 12, 20, 21], faults: [] },
  },
  // core/level: `idleToSpare`, also those that do not listen yet. I6
  { name: "retires them also while they boot", scenario: { seed: 11, jobs: 19, only: ["boot-hang#19"] } },
  // flow/away: how often is swept counts. I2
  {
    name: "ends a machine that never comes up though the sweep is always a little late",
    scenario: { seed: 143, jobs: 13, arrivals: [7, 12], only: ["boot-hang#2"] },
  },
  // core/timeline: `isComing`, only while it can still take that job. I7
  {
    name: "shows every waiting job its reason though a machine that was meant for it took another one",
    scenario: {
      ...{ seed: 29, jobs: 16 },
      only: ["no-capacity#5", "boot-hang#2", "machine-death#2", "boot-hang#4", "no-capacity#89"],
    },
  },
  // flow/perform-launch: `NoAnswer`. I7
  {
    name: "names a compute that gives no answer as the reason, from its first silence on",
    scenario: { seed: 37, jobs: 9, arrivals: [0, 1, 3, 4, 5, 8], only: ["cloud-outage#11"] },
  },
  // flow/cancel-job: what we are asked to stop is noted (`cancelNote`). I11
  {
    name: "runs nothing again that was taken from its machine after somebody had us cancel it",
    scenario: {
      ...{ seed: 167, jobs: 10, arrivals: [7, 8, 9] },
      only: ["cancel#10", "interrupted#1", "interrupted#2", "interrupted#4", "cancel#11"],
    },
  },
  // flow/admit-events: `createMoved` looks at the note as well. I11
  {
    name: "gives a job that is run again on-demand, though the first word of it is that it waits for an approval",
    scenario: { seed: 80, jobs: 10, arrivals: [5, 6, 7, 8, 9], only: ["interrupted#5", "approval#11"] },
  },
  // flow/interruption: asked for before the end is written. I11
  {
    name: "has a job run again though whoever wrote its end died at that",
    scenario: {
      ...{ seed: 637, jobs: 10 },
      only: [
        ...[
          "webhook-late#4",
          "interrupted#4",
          "message-late#31",
          "webhook-late#14",
          "interrupted#9",
          "webhook-late#19",
        ],
        ...["crash-after#1930", "interrupted#11", "webhook-late#26", "crash-after#2131"],
      ],
    },
  },
];
