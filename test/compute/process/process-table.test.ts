import { statSync } from "node:fs";
import { processTable } from "../../../runtime/compute/process/process-table";
import { type ProcFolder, procFolder } from "../../fixtures/proc-folder";

let proc: ProcFolder;
beforeEach(() => (proc = procFolder()));
afterEach(() => proc.remove());

describe("the list of processes", () => {
  it.each(["endless", "unreadable"] as const)("is whole though one's environment is %s", (environ) => {
    proc.add(501, { environ, uid: 60_001 });
    proc.add(502, { environ: "ONEJOB_RUNNER=r1\0", uid: 60_002 });
    const found = processTable(proc.dir).snapshot();
    expect(found.map(({ pid, parent, uids, marker }) => [pid, parent, uids[0], marker?.runner])).toEqual([
      [501, 1, 60_001, undefined],
      [502, 1, 60_002, "r1"],
    ]);
  });

  it("takes the owner of a process whose user it cannot read", () => {
    proc.add(501, { environ: "" });
    expect(processTable(proc.dir).snapshot()[0]?.uids).toEqual([statSync(proc.dir).uid]);
  });
});
