/** The part of the JobSource contract about a far side that cannot be asked: every method says so, none stays broken. */
import type { Enrolment, Job } from "../../runtime/core/model";
import type { ErrorCode } from "../../runtime/core/errors";
import { OnejobError } from "../../runtime/core/errors";
import { enrol, farOf, ourJob, ourRunner, queueOne, type Bench, type SourceWorld, type Trouble } from "./source-world";

const codes: Readonly<Record<Trouble, readonly ErrorCode[]>> = {
  "is down": ["source-unreachable"],
  "hangs up": ["source-unreachable"],
  "loses answers": ["source-unreachable"],
  "is asked too much": ["source-throttled"],
  "grants no right": ["source-refused"],
  "locks us out": ["source-refused", "source-unreachable"],
  "hides everything": ["source-refused"],
};
const troubles = (Object.keys(codes) as Trouble[]).filter((trouble) => trouble !== "hides everything");

/** A source may go on for so long by what it was told before, e.g. that a right is missing. */
const mostBelievedMs = 10 * 60_000;

/** The call fails as it must while there is trouble; answers what it does after that. */
export async function expectTrouble<T>(
  trouble: Trouble,
  {
    world,
    call,
    waitMs = 0,
  }: { readonly world: SourceWorld; readonly call: () => Promise<T>; readonly waitMs?: number },
): Promise<T> {
  farOf(world).break(trouble);
  const retryAt = await expectFailure(trouble, { world, call });
  recover(world, Math.max(retryAt, farOf(world).now() + waitMs));
  return call();
}

/** Answers when it may be tried again. */
async function expectFailure(
  trouble: Trouble,
  { world, call }: { readonly world: SourceWorld; readonly call: () => Promise<unknown> },
): Promise<number> {
  const now = farOf(world).now();
  const outcome = await call().then(
    (answer) => ({ answer }),
    (error: unknown) => error,
  );
  if (!(outcome instanceof OnejobError)) throw new Error(`it ${trouble}, and the answer is ${JSON.stringify(outcome)}`);
  expect(codes[trouble]).toContain(outcome.code);
  if (outcome.code !== "source-throttled") return now;
  expect(outcome.details).toEqual({ retryAt: expect.any(Number) as number });
  const { retryAt } = outcome.details as { readonly retryAt: number };
  expect(retryAt).toBeGreaterThan(now);
  return retryAt;
}

function recover(world: SourceWorld, at: number): void {
  const far = farOf(world);
  far.repair();
  far.pass(Math.ceil(Math.max(0, at - far.now()) / 1_000) * 1_000);
}

interface Scene {
  readonly world: SourceWorld;
  readonly queued: Job;
  readonly ended: Job;
  /** Of runner `a`. */
  readonly enrolment: Enrolment | null;
}

interface Method {
  readonly name: string;
  readonly call: (scene: Scene) => Promise<unknown>;
  /** Once there is no trouble any more. */
  readonly answers: unknown;
  /** Told that there is nothing, it may believe that: jobs do go. */
  readonly believes?: true;
}

const methods: readonly Method[] = [
  { name: "enrol", call: ({ world }) => enrol(world, "b"), answers: { executor: "github" } },
  {
    name: "withdraw, by its handle",
    call: ({ world, enrolment }) => world.source.withdraw(ourRunner("a", world), enrolment?.handle ?? null),
    answers: "withdrawn",
  },
  {
    name: "withdraw, by its name",
    call: ({ world }) => world.source.withdraw(ourRunner("a", world), null),
    answers: "withdrawn",
  },
  { name: "cancel", call: ({ world, queued }) => world.source.cancel(queued), answers: "asked", believes: true },
  {
    name: "rerun",
    call: ({ world, ended }) => world.source.rerun(ended, { unlessDone: false }),
    // The first try may have been heard.
    answers: expect.stringMatching(/^(asked|later)$/),
  },
  {
    name: "jobState",
    call: ({ world, queued }) => world.source.jobState(queued),
    answers: { kind: "queued" },
    believes: true,
  },
  {
    name: "isFork",
    call: ({ world, queued }) => world.source.isFork({ ...queued, group: "" }),
    answers: false,
    believes: true,
  },
  { name: "findJobs, knowing none", call: ({ world }) => world.source.findJobs([]), answers: [{ kind: "queued" }] },
  {
    name: "findJobs, knowing some",
    call: ({ world, queued, ended }) => world.source.findJobs([queued, { ...ended, state: "running" }]),
    answers: [{ kind: "cancelled" }],
  },
  { name: "removeGhosts", call: ({ world }) => world.source.removeGhosts(() => Promise.resolve(true)), answers: 1 },
];

function sceneOf(world: SourceWorld, enrolment: Enrolment | null): Scene {
  const [queued, ended] = [queueOne(world), queueOne(world)];
  farOf(world).cancelThere(ended);
  return { world, queued: ourJob(queued), ended: ourJob(ended, "cancelled"), enrolment };
}

export function troubleContract(bench: Bench): void {
  describe.each(troubles)("that %s", (trouble) => {
    it.each(methods)("is what $name says, and it works again afterwards", async ({ call, answers }) => {
      const world = bench();
      const scene = sceneOf(world, await enrol(world));
      const answer = await expectTrouble(trouble, { world, call: () => call(scene) });
      expect({ answer }).toMatchObject({ answer: answers });
    });

    it("from the beginning is what every method says, and all work afterwards", async () => {
      const world = bench();
      const scene = sceneOf(world, null);
      farOf(world).break(trouble);
      const times: number[] = [];
      for (const { call } of methods) times.push(await expectFailure(trouble, { world, call: () => call(scene) }));
      recover(world, Math.max(...times, farOf(world).now() + mostBelievedMs));
      for (const { call } of methods) await call(scene);
    });
  });

  describe("that hides everything", () => {
    it.each(methods.filter(({ believes }) => believes === undefined))(
      "is not believed by $name, which works again afterwards",
      async ({ call, answers }) => {
        const world = bench();
        const scene = sceneOf(world, await enrol(world));
        const trouble = { world, call: () => call(scene), waitMs: mostBelievedMs };
        expect({ answer: await expectTrouble("hides everything", trouble) }).toMatchObject({ answer: answers });
      },
    );
  });
}
