import { reachKey, type PlannerRecord } from "../../runtime/core/model";
import { reasonCodes, reasons } from "../../runtime/core/reasons";
import { explainJob, type WhyInput } from "../../runtime/core/why";
import { noon, reach, someJob, somePlanner, someRunner } from "../fixtures/records";

function why(changes: Partial<WhyInput>) {
  const nothing = { planner: undefined, runner: undefined, nearest: null };
  return explainJob({ job: someJob(), ...nothing, now: noon + 10_000, ...changes });
}

function blockedBy(reason: "at-profile-cap" | "no-capacity", detail: string | null = null): PlannerRecord {
  return somePlanner({ blocked: { [reachKey(reach)]: { reason, detail, since: noon, until: null, tries: 0 } } });
}

describe("why", () => {
  it("gives a waiting job the reason that holds its reach back", () => {
    const answer = why({ planner: blockedBy("at-profile-cap") });
    expect(answer).toMatchObject({ waiting: true, reason: "at-profile-cap", fix: reasons["at-profile-cap"].fix });
    expect(answer.job.reason).toBe("at-profile-cap");
  });

  it("adds the compute's own words where there are some", () => {
    expect(why({ planner: blockedBy("no-capacity", "disk full") }).what).toContain("disk full");
  });

  it("does not blame a cap once a machine is on its way", () => {
    const job = someJob({ state: "starting", runner: "r1" });
    const runner = someRunner({ id: "r1", state: "booting" });
    expect(why({ job, runner, planner: blockedBy("at-profile-cap") })).toMatchObject({ reason: null, waiting: true });
  });

  it("names the nearest profile and the missing label when nothing fits", () => {
    const job = someJob({ profile: null, reach: null, reason: "no-matching-profile", labels: ["linux", "gpu"] });
    const { what } = why({ job, nearest: { profile: { name: "small" }, missing: ["gpu"] } });
    expect(what).toContain('nearest is "small"');
    expect(what).toContain("gpu");
  });

  it("counts the stage a job is in up to now, and shows what its coming runner has reached", () => {
    const runner = someRunner({
      id: "r1",
      stages: [
        { at: noon + 100, stage: "claimed", attempt: 1 },
        { at: noon + 300, stage: "launching", attempt: 1 },
      ],
    });
    const { stages } = why({ job: someJob({ state: "starting", runner: "r1" }), runner });
    expect(stages).toEqual([
      { stage: "created", ms: 0 },
      { stage: "received", ms: 0 },
      { stage: "admitted", ms: 100 },
      { stage: "claimed", ms: 200 },
      { stage: "launching", ms: 9_700 },
    ]);
  });

  it.each(reasonCodes)("says for %s what happened and what to do", (code) => {
    expect(reasons[code].what).not.toBe("");
    expect(reasons[code].fix).not.toBe("");
  });
});
