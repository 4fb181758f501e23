import { parseMarker, markerVariables } from "../../../runtime/core/marker";
import { processesOf } from "../../../runtime/compute/process/marked-processes";
import type { ProcessEntry } from "../../../runtime/compute/process/process-table";

const whose = { machine: "r1", home: "/data/runners", uid: null };
const marker = { launch: "l1", runner: "r1", role: "job", home: "/data/runners" };
const other = { ...marker, runner: "r2" };

function entry(pid: number, facts: Partial<ProcessEntry> = {}): ProcessEntry {
  return { pid, parent: 1, session: pid, startTime: "1", uids: [1000, 1000, 1000, 1000], marker: undefined, ...facts };
}

describe("processes of a machine", () => {
  it.each<[string, readonly ProcessEntry[], readonly number[]]>([
    ["those with its marker", [entry(10, { marker }), entry(11, { marker: other }), entry(12)], [10]],
    ["not those of another data folder", [entry(10, { marker: { ...marker, home: "/other" } })], []],
    [
      "children that lost the marker, at any depth and in any order",
      [entry(12, { parent: 11 }), entry(11, { parent: 10 }), entry(10, { marker })],
      [10, 11, 12],
    ],
    [
      "members of a session that one of them leads",
      [entry(10, { marker }), entry(11, { session: 10 }), entry(12, { session: 12 })],
      [10, 11],
    ],
    [
      "members of a session whose leader is dead, by one marked member",
      [entry(11, { session: 10, marker }), entry(12, { session: 10 })],
      [11, 12],
    ],
    [
      "not the session of a shell from which somebody started a marked process by hand",
      [entry(20), entry(21, { session: 20, parent: 20, marker }), entry(22, { session: 20, parent: 20 })],
      [21],
    ],
    ["not ourselves, nor process 1", [entry(process.pid, { marker }), entry(1, { marker })], []],
  ])("are %s", (_claim, entries, expected) => {
    expect(
      processesOf(entries, whose)
        .map(({ pid }) => pid)
        .sort(),
    ).toEqual(expected);
  });

  it.each(["real", "effective", "saved", "file system"])("are those with its own uid as the %s one", (kind) => {
    const uids = ["real", "effective", "saved", "file system"].map((name) => (name === kind ? 60_600 : 0));
    const found = processesOf([entry(10, { uids }), entry(11, { uids: [0, 0, 0, 0] })], { ...whose, uid: 60_600 });
    expect(found.map(({ pid }) => pid)).toEqual([10]);
  });
});

describe("the marker", () => {
  it("is read back from an environment as it was written", () => {
    const environ = Object.entries({ PATH: "/bin", ...markerVariables(marker), LAST: "x" });
    expect(parseMarker(environ.map(([name, value]) => `${name}=${value}\0`).join(""))).toEqual(marker);
  });

  it.each(["", "PATH=/bin\0", "X=ONEJOB_RUNNER=r1\0", "ONEJOB_RUNNER=\0"])("is not found in %j", (environ) => {
    expect(parseMarker(environ)).toBeUndefined();
  });
});
