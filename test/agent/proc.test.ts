import { listProcesses, readEnvironment } from "../../runtime/agent/proc";
import { type ProcFolder, procFolder } from "../fixtures/proc-folder";

let proc: ProcFolder;
beforeEach(() => (proc = procFolder()));
afterEach(() => proc.remove());

describe("the agent's look at the processes", () => {
  it("reads of an endless environment only the beginning", () => {
    proc.add(501, { environ: "endless" });
    expect(listProcesses(proc.dir).map(({ pid }) => pid)).toEqual([501]);
    expect(readEnvironment(501, proc.dir)).toHaveLength(256 * 1024 + 2);
  });

  it("finds a mark at either end of an environment", () => {
    proc.add(501, { environ: "A=1\0B=2" });
    expect(readEnvironment(501, proc.dir).toString()).toBe("\0A=1\0B=2\0");
    expect(readEnvironment(502, proc.dir)).toHaveLength(0);
  });
});
