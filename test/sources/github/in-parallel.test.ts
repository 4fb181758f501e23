import { inParallel } from "../../../runtime/sources/github/in-parallel";

/** Tasks that end when the test says so. */
function someTasks() {
  const begun: number[] = [];
  const enders = new Map<number, (goesOn: boolean | Error) => void>();
  const task = (item: number) => {
    begun.push(item);
    return new Promise<boolean>((resolve, reject) => {
      enders.set(item, (outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome)));
    });
  };
  const end = async (item: number, outcome: boolean | Error = true) => {
    enders.get(item)?.(outcome);
    await new Promise(setImmediate);
  };
  return { begun, task, end };
}

describe("tasks in parallel", () => {
  it("are begun in their order, no more than allowed at once", async () => {
    const { begun, task, end } = someTasks();
    const all = inParallel([0, 1, 2, 3], 2, task);
    expect(begun).toEqual([0, 1]);
    await end(1);
    expect(begun).toEqual([0, 1, 2]);
    for (const item of [0, 2, 3]) await end(item);
    await all;
  });

  it("begin no further one after one says so, though another goes on well", async () => {
    const { begun, task, end } = someTasks();
    const all = inParallel([0, 1, 2, 3], 2, task);
    await end(0, false);
    await end(1);
    await all;
    expect(begun).toEqual([0, 1]);
  });

  it("end with the first error, once all that were begun have ended", async () => {
    const { begun, task, end } = someTasks();
    let ended = false;
    const all = inParallel([0, 1, 2], 2, task).finally(() => (ended = true));
    const outcome = expect(all).rejects.toThrow("first");
    await end(1, new Error("first"));
    expect(ended).toBe(false);
    await end(0);
    await outcome;
    expect(begun).toEqual([0, 1]);
  });

  it("are none of none", async () => {
    await inParallel([], 5, () => Promise.reject(new Error("begun")));
  });
});
