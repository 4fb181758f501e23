/** The part of the JobSource contract about a far side that cannot be asked: every method says so, none stays broken. */
import type { Enrolment, Job } from "../../runtime/core/model";
import type { ErrorCode } from "../../runtime/core/errors";
import { OnejobError } from "../../runtime/core/errors";
import { enrol, farOf, ourJob, ourRunner, queueOne, type Bench, type SourceWorld, type Trouble } from "./source-world";

const codes: Readonly<Record<Trouble, ErrorCode>> = {
  "is down": "source-unreachable",
  "hangs up": "source-unreachable",
  "loses answers": "source-unreachable",
  "is asked too much": "source-throttled",
  "grants no right": "source-refused",
};
export const troubles = Object.keys(codes) as Trouble[];

/** The call fails as it must while there is trouble; answers what it does after that. */
export async function expectTrouble<T>(
  trouble: Trouble,
  { world, call }: { readonly world: SourceWorld; readonly call: () => Promise<T> },
): Promise<T> {
  farOf(world).break(trouble);
  const retryAt = await expectFailure(trouble, { world, call });
  recover(world, retryAt);
  return call();
}

/** Answers when it may be tried again. */
async function expectFailure(
  trouble: Trouble,
  { world, call }: { readonly world: SourceWorld; readonly call: () => Promise<unknown> },
): Promise<number> {
  const now = farOf(world).now();
  const error = await call().then(
    (answer) => answer,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ code: codes[trouble] });
  if (codes[trouble] !== "source-throttled" || !(error instanceof OnejobError)) return now;
  const { retryAt } = error.details as { readonly retryAt: number };
  expect(retryAt).toBeGreaterThan(now);
  return retryAt;
}

function recover(world: SourceWorld, retryAt: number): void {
  const far = farOf(world);
  far.repair();
  far.pass(Math.ceil(Math.max(0, retryAt - far.now()) / 1_000) * 1_000);
}

interface Scene {
  readonly world: SourceWorld;
  readonly queued: Job;
  readonly ended: Job;
  /** Of runner `a`. */
  readonly enrolment: Enrolment | null;
}

const methods: Readonly<Record<string, (scene: Scene) => Promise<unknown>>> = {
  enrol: ({ world }) => enrol(world, "b"),
  "withdraw by handle": ({ world, enrolment }) =>
    world.source.withdraw(ourRunner("a", world), enrolment?.handle ?? null),
  "withdraw by name": ({ world }) => world.source.withdraw(ourRunner("a", world), null),
  cancel: ({ world, queued }) => world.source.cancel(queued),
  rerun: ({ world, ended }) => world.source.rerun(ended),
  jobState: ({ world, queued }) => world.source.jobState(queued),
  isFork: ({ world, queued }) => world.source.isFork({ ...queued, group: "" }),
  "findJobs of all": ({ world }) => world.source.findJobs([]),
  "findJobs of known ones": ({ world, queued }) => world.source.findJobs([queued]),
  removeGhosts: ({ world }) => world.source.removeGhosts(() => Promise.resolve(true)),
};

function sceneOf(world: SourceWorld, enrolment: Enrolment | null): Scene {
  const [queued, ended] = [queueOne(world), queueOne(world)];
  farOf(world).cancelThere(ended);
  return { world, queued: ourJob(queued), ended: ourJob(ended, "cancelled"), enrolment };
}

export function troubleContract(bench: Bench): void {
  describe.each(troubles)("that %s", (trouble) => {
    it.each(Object.entries(methods))("is what %s says, and it works again afterwards", async (_, method) => {
      const world = bench();
      const scene = sceneOf(world, await enrol(world));
      await expectTrouble(trouble, { world, call: () => method(scene) });
    });

    it("from the beginning is what every method says, and all work afterwards", async () => {
      const world = bench();
      const scene = sceneOf(world, null);
      farOf(world).break(trouble);
      const times: number[] = [];
      for (const method of Object.values(methods))
        times.push(await expectFailure(trouble, { world, call: () => method(scene) }));
      recover(world, Math.max(...times));
      for (const method of Object.values(methods)) await method(scene);
    });
  });
}
