/**
 * Safeties that can be turned off, one at a time. What the simulator then finds shows what each of them is good for; one
 * whose absence nobody notices is worth nothing, or the simulator is.
 */
import type { Job, PlannerRecord, ProfileView, Runner } from "../../runtime/core/model";
import type { JobSource, Ledger } from "../../runtime/core/ports";
import { isSupply } from "../../runtime/core/lifecycle";
import { changed } from "./changed";
import type { Doors } from "./server";
import type { Strand } from "./strand";

export interface Safety {
  /** What is not done any more. */
  readonly what: string;
  /** So many seeds of 40 jobs are enough to see it. */
  readonly within: number;
  /** The doors of a function that lacks it. `strand`: which function that is. */
  readonly lacking: (doors: Doors, strand: Strand) => Doors;
}

export const switches = {
  dedupe: {
    what: "what comes twice is taken for new: submissions with the same key, first words of a job",
    within: 30,
    lacking: (doors) =>
      withLedger(doors, {
        remember: (_name, value) => Promise.resolve(value),
        createJob: (job) => createAnyway(doors.ledger, job),
      }),
  },
  "planner-lease": {
    what: "several plan the same profile at the same time, and the last one writes",
    within: 20,
    lacking: (doors) => withPlanner(doors, unleased, (record) => saveAnyway(doors.ledger, record)),
  },
  "launch-first": {
    what: "a launch is not in the ledger before its machines are made",
    within: 10,
    lacking: (doors) =>
      withPlanner(
        doors,
        (planner) => planner,
        (record) => saveUnannounced(doors.ledger, record),
      ),
  },
  "demand-accounting": {
    what: "every job that waits gets a machine, whatever is on its way",
    within: 10,
    lacking: (doors, strand) =>
      isPlanning(strand)
        ? withLedger(doors, { readProfile: async (name) => withoutSupply(await doors.ledger.readProfile(name)) })
        : doors,
  },
  "two-keys": {
    what: "a runner that seems idle is ended without asking its agent or the forge",
    within: 30,
    lacking: (doors) =>
      withSource(withLedger(doors, { readRunner: unaskedRunner(doors.ledger) }), {
        withdraw: () => Promise.resolve("withdrawn"),
      }),
  },
  sweep: {
    what: "nobody looks at what is overdue or out of step",
    within: 10,
    lacking: (doors, strand) => {
      if (strand.name === "sweep") strand.die();
      return doors;
    },
  },
  fencing: {
    what: "whoever shows a machine's token gets its enrolment",
    within: 30,
    lacking: (doors, strand) =>
      strand.name.startsWith("enrol") ? withLedger(doors, { readRunner: unboundRunner(doors.ledger) }) : doors,
  },
  breaker: {
    what: "machines that never report in are made again and again",
    within: 60,
    lacking: (doors) =>
      withPlanner(
        doors,
        (planner) => ({ ...planner, breakers: {} }),
        (record) => doors.ledger.savePlanner({ ...record, breakers: {} }),
      ),
  },
  "market-note": {
    what: "a job that is run again at its forge does not know that its machine was taken back",
    within: 60,
    lacking: ({ ledger, ...doors }) => ({
      ...doors,
      ledger: changed(ledger, {
        readNote: (name) => (name.startsWith("interrupted/") ? Promise.resolve(undefined) : ledger.readNote(name)),
      }),
    }),
  },
} as const satisfies Readonly<Record<string, Safety>>;

export type SwitchName = keyof typeof switches;

export function isSwitchName(name: string): name is SwitchName {
  return Object.hasOwn(switches, name);
}

function withLedger(doors: Doors, methods: Partial<Ledger>): Doors {
  return { ...doors, ledger: changed(doors.ledger, methods) };
}

function withSource(doors: Doors, methods: Partial<JobSource>): Doors {
  return {
    ...doors,
    source: (name) => {
      const source = doors.source(name);
      return source && changed(source, methods);
    },
  };
}

function withPlanner(
  doors: Doors,
  seen: (planner: PlannerRecord) => PlannerRecord,
  savePlanner: Ledger["savePlanner"],
): Doors {
  const { ledger } = doors;
  return withLedger(doors, {
    readPlanner: async (name) => seen(await ledger.readPlanner(name)),
    readProfile: async (name) => {
      const view = await ledger.readProfile(name);
      return { ...view, planner: seen(view.planner) };
    },
    savePlanner,
  });
}

function isPlanning({ name }: Strand): boolean {
  return name === "sweep" || name === "work plan";
}

async function createAnyway(ledger: Ledger, job: Job): ReturnType<Ledger["createJob"]> {
  const created = await ledger.createJob(job);
  if (created.written || created.current === undefined) return created;
  return ledger.saveJob({ ...job, version: created.current.version + 1 });
}

function unleased(planner: PlannerRecord): PlannerRecord {
  return { ...planner, lease: null };
}

async function saveAnyway(ledger: Ledger, record: PlannerRecord): ReturnType<Ledger["savePlanner"]> {
  const { version } = await ledger.readPlanner(record.profile);
  return ledger.savePlanner({ ...record, version: version + 1 });
}

async function saveUnannounced(ledger: Ledger, record: PlannerRecord): ReturnType<Ledger["savePlanner"]> {
  const outcome = await ledger.savePlanner({ ...record, launches: [] });
  return outcome.written ? { written: true, record: { ...outcome.record, launches: record.launches } } : outcome;
}

/** Each free runner seems to be in a reach of its own. */
function withoutSupply(view: ProfileView): ProfileView {
  const apart = (runner: Runner): Runner =>
    isSupply(runner) ? { ...runner, reach: { ...runner.reach, group: `only ${runner.id}` } } : runner;
  return { ...view, runners: view.runners.map(apart) };
}

/** It seems that no agent ever held it: so there is nobody to ask. */
function unaskedRunner(ledger: Ledger): Ledger["readRunner"] {
  return async (profile, id) => {
    const runner = await ledger.readRunner(profile, id);
    return runner?.state === "idle" ? { ...runner, nonce: null } : runner;
  };
}

function unboundRunner(ledger: Ledger): Ledger["readRunner"] {
  return async (profile, id) => {
    const runner = await ledger.readRunner(profile, id);
    return runner && { ...runner, nonce: null };
  };
}
