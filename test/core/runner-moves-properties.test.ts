/** What a runner's record promises whatever is said of it: in any order, doubled and late. */
import fc from "fast-check";
import { isGone } from "../../runtime/core/lifecycle";
import type { Runner } from "../../runtime/core/model";
import { askedToLeave, claimedBy, heard, moveRunner, newRunner, reservedFor } from "../../runtime/core/runner-moves";
import { noon, someLaunch, someProfile } from "../fixtures/records";

const times = { profile: someProfile({ timeouts: { idleMs: 60_000 } }), silenceMs: 10_000 };
const bootMs = 30_000;
const preparationMs = 15 * 60_000;
const runs = { numRuns: 300 };

function fresh(): Runner {
  const slot = { runner: "r1", job: null, machine: "m1" };
  return newRunner(someLaunch(), slot, { compute: "process", launchingAt: noon, launchedAt: noon, bootMs });
}

interface Word {
  readonly name: string;
  readonly apply: (runner: Runner, at: number) => Runner | undefined;
}

const reason = fc.constantFrom(null, "idle-timeout" as const, "boot-timeout" as const, "agent-lost" as const);
const only = <T>(value: T) => fc.constant(value);
const moves = fc
  .oneof(
    fc.record({ event: fc.constantFrom("listening" as const, "terminated" as const) }),
    fc.record({ event: only("started" as const) }),
    fc.record({ event: only("finished" as const), reason }),
    fc.record({ event: fc.constantFrom("retired" as const, "expired" as const, "vanished" as const), reason }),
  )
  .map((move): Word => {
    const apply: Word["apply"] = (runner, at) => moveRunner(runner, { ...move, at }, times)?.runner;
    return { name: move.event, apply };
  });

const others: readonly Word[] = [
  { name: "heard", apply: (runner, at) => (isGone(runner.state) ? undefined : heard(runner, at, times)) },
  { name: "claimed", apply: (runner, at) => (runner.nonce === null ? claimed(runner, at) : undefined) },
  { name: "asked", apply: (runner, at) => (isGone(runner.state) ? undefined : asked(runner, at)) },
  { name: "reserved", apply: (runner, at) => reserved(runner, at) },
];

const claimed = (runner: Runner, at: number): Runner => claimedBy(runner, "n1", { bootedAt: at - 500, at });
const asked = (runner: Runner, at: number): Runner => askedToLeave(runner, { at, byMs: 5_000, reason: null });
const reserved = (runner: Runner, at: number): Runner =>
  reservedFor(runner, runner.job === null ? { job: "j1", attempt: 1, logBase: 0 } : null, { ...times, at });

const anyLife = fc.array(
  fc.tuple(
    fc.oneof({ weight: 2, arbitrary: moves }, { weight: 3, arbitrary: fc.constantFrom(...others) }),
    fc.nat(8_000),
  ),
  { maxLength: 30 },
);

interface Step {
  readonly word: Word;
  readonly at: number;
  readonly before: Runner;
  readonly after: Runner;
}

function eachStep(check: (step: Step) => void): void {
  fc.assert(
    fc.property(anyLife, (life) => {
      let [before, at] = [fresh(), noon];
      for (const [word, afterMs] of life) {
        at += afterMs;
        const after = word.apply(Object.freeze(before), at);
        if (after !== undefined) check({ word, at, before, after });
        before = after ?? before;
      }
    }),
    runs,
  );
}

describe("a runner, whatever is said of it,", () => {
  it("rises by one version with every change, and is nothing any more once it is gone", () => {
    eachStep(({ before, after }) => {
      expect(after.version).toBe(before.version + 1);
      if (isGone(before.state)) expect(after.state).toBe(before.state);
    });
  });

  it("has a deadline until its machine is gone", () => {
    eachStep(({ after }) => {
      expect(after.deadlineAt === null).toBe(isGone(after.state));
      expect(Number.isFinite(after.deadlineAt ?? 0)).toBe(true);
    });
  });

  it("keeps the first word on why it was stopped, when it was asked to leave and when it had left", () => {
    eachStep(({ before, after }) => {
      for (const key of ["reason", "askedAt", "releasedAt", "nonce"] as const)
        if (before[key] !== null) expect([key, after[key]]).toEqual([key, before[key]]);
    });
  });

  it("has left once it says so, or when it is retired before an agent held it", () => {
    eachStep(({ word, before, after }) => {
      if (before.releasedAt !== null) return;
      const left = word.name === "finished" || (word.name === "retired" && before.nonce === null);
      expect(after.releasedAt !== null).toBe(left);
    });
  });

  it("adds to its stages and changes none of them", () => {
    eachStep(({ before, after }) => {
      expect(after.stages.slice(0, before.stages.length)).toEqual(before.stages);
      expect(new Set(after.stages.map(({ stage }) => stage)).size).toBe(after.stages.length);
    });
  });

  it("gains no time from being heard of while it waits for a job, and at most the time to prepare while it boots", () => {
    eachStep(({ word, at, before, after }) => {
      if (word.name !== "heard") return;
      const [was, is] = [before.deadlineAt ?? 0, after.deadlineAt ?? 0];
      if (before.state === "stopping" || (before.state === "idle" && before.job === null)) expect(is).toBe(was);
      if (before.state === "booting")
        expect(is >= was && is <= Math.max(was, before.createdAt + preparationMs)).toBe(true);
      if (before.state === "running") expect(is).toBe(at + times.silenceMs);
    });
  });
});
