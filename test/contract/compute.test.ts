import { MemoryCompute } from "../fakes/memory-compute";
import { isRoot, processWorld } from "../compute/process/process-world";
import { computeContract } from "./compute.contract";

computeContract("memory", () => {
  let now = 0;
  const compute = new MemoryCompute({
    clock: { now: () => now },
    listLagMs: 5_000,
    refuses: (profile) => profile !== "small",
  });
  return Promise.resolve({
    compute: compute,
    profile: "small",
    bootToken: (runner: string) => `boot.${runner}.s3cret`,
    starts: (runner: string) => Promise.resolve(compute.started.filter((machine) => machine.runner === runner).length),
    kill: (runner: string) => Promise.resolve(compute.die(runner)),
    restart: () => Promise.resolve(compute),
    settle: () => Promise.resolve(void (now += compute.listLagMs)),
    close: () => Promise.resolve(),
  });
});
computeContract("process", () => processWorld());
computeContract("process with the control groups of this machine, if any", () => processWorld({ groups: "found" }));
if (isRoot) computeContract("process with a user for each job", () => processWorld({ asRoot: true }));
