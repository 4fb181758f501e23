import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "../fixtures/temporary-folder";
import { Hand } from "./hand";
import { runAll, type Pool } from "./pool";
import type { Scenario } from "./scenario";

/** A thread that does what the number of jobs says. */
const program = `
  const { parentPort } = require("node:worker_threads");
  const deeds = {
    1: (scenario) => parentPort.postMessage({ answer: { scenario } }),
    2: () => parentPort.postMessage({ problem: "it went wrong" }),
    3: () => { throw new Error("nobody caught this"); },
    4: () => undefined,
  };
  parentPort.on("message", ({ scenario }) => deeds[scenario.jobs](scenario));
`;
const does = { answer: 1, fail: 2, die: 3, hang: 4 } as const;

describe("the pool of threads", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let file: string;
  beforeAll(async () => {
    folder = await temporaryFolder();
    file = join(folder.path, "thread.cjs");
    await writeFile(file, program);
  });
  afterAll(() => folder.remove());

  const scenarios = (...deeds: (keyof typeof does)[]): readonly Scenario[] =>
    deeds.map((deed, index) => ({ seed: index + 1, jobs: does[deed] }));

  async function runs(all: readonly Scenario[], changes: Partial<Pool> = {}) {
    const ran: number[] = [];
    const broken: string[] = [];
    await runAll(all, {
      ...{ file, workers: 2, signal: new AbortController().signal },
      onRan: ({ scenario }) => void ran.push(scenario.seed),
      onBroken: ({ seed }, problem) => void broken.push(`${seed} ${problem.split("\n")[0]}`),
      ...changes,
    });
    return { ran: ran.sort(), broken: broken.sort() };
  }

  it("runs each scenario once, whichever thread is free", async () => {
    const all = scenarios("answer", "answer", "answer", "answer", "answer");
    expect(await runs(all)).toEqual({ ran: [1, 2, 3, 4, 5], broken: [] });
  });

  it("says which one could not be run, and goes on", async () => {
    const all = scenarios("answer", "fail", "answer");
    expect(await runs(all)).toEqual({ ran: [1, 3], broken: ["2 Error: it went wrong"] });
  });

  it("goes on in another thread when one dies", async () => {
    const all = scenarios("die", "answer", "die", "answer");
    const broken = ["1 Error: nobody caught this", "3 Error: nobody caught this"];
    expect(await runs(all, { workers: 1 })).toEqual({ ran: [2, 4], broken });
  });

  it("stops at once when it is told to, whatever its threads are doing, and blames nobody", async () => {
    const stop = new AbortController();
    const ran: number[] = [];
    const onRan: Pool["onRan"] = ({ scenario }) => {
      ran.push(scenario.seed);
      stop.abort();
    };
    const all = scenarios("hang", "answer", "answer");
    expect(await runs(all, { signal: stop.signal, onRan })).toMatchObject({ broken: [] });
    expect(ran).toEqual([2]);
  });

  it("ends a thread that comes to no end", async () => {
    const hand = new Hand(file, { limitMs: 20 });
    await expect(hand.run({ seed: 1, jobs: does.hang })).rejects.toThrow("it came to no end in 0.02 s");
    expect(hand.isGone).toBe(true);
    await expect(hand.run({ seed: 1, jobs: does.answer })).rejects.toThrow("it came to no end");
  });
});
