/** Names: none is longer than AWS takes, and none changes without anybody noticing. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { RunnerFleet, fleetProblems } from "../../components";
import type { RunnerFleetArgs } from "../../components";
import { smallest, variants } from "../fixtures/pulumi-fleets";
import { declare } from "../fixtures/pulumi-graph";
import type { Declared } from "../fixtures/pulumi-graph";
import { graphOf } from "./declared-fleets";

/** Most letters of a name, by the last word of the type; what is not listed has a limit far away, or no name. */
const longest: Readonly<Record<string, number>> = {
  ...{ Function: 64, Role: 64, EventRule: 64, Schedule: 64, ScheduleGroup: 64, Queue: 80, InstanceProfile: 128 },
  ...{ Bucket: 63, Table: 255, Topic: 256, MetricAlarm: 255, Budget: 100, SecurityGroup: 255, LaunchTemplate: 128 },
  ...{ Api: 128, ImageRecipe: 126, ImagePipeline: 126, Component: 126, DistributionConfiguration: 126 },
  ...{ InfrastructureConfiguration: 126, LifecyclePolicy: 126, LogGroup: 512, RolePolicy: 128 },
};
/** Pulumi puts `-` and seven digits behind a name that nobody chose, and AWS's provider 26 behind a prefix. */
const [ownEnd, prefixEnd] = [8, 26];

const wordOf = ({ type }: Declared): string => type.split(":").at(-1) ?? "";

function lengthOf({ name, inputs }: Declared): number {
  if (typeof inputs["name"] === "string") return inputs["name"].length;
  const prefix = inputs["namePrefix"] ?? inputs["bucketPrefix"];
  return typeof prefix === "string" ? prefix.length + prefixEnd : name.length + ownEnd;
}

const name33 = `c${"o".repeat(32)}`;
const longNamed = Object.entries(variants).map(([variant, args]) => [
  variant,
  { ...args, fleetName: `f${"e".repeat(30)}` } as RunnerFleetArgs,
]) as readonly (readonly [string, RunnerFleetArgs])[];

describe("the longest name a component may have", () => {
  it.each(longNamed)("leaves every name on AWS within its limit (%s)", async (_variant, args) => {
    const { resources } = await declare(() => new RunnerFleet(name33, args));
    const named = resources.filter((resource) => resource.custom && wordOf(resource) in longest);
    const tooLong = named.filter((resource) => lengthOf(resource) > (longest[wordOf(resource)] ?? 0));
    expect(tooLong.map((resource) => `${wordOf(resource)} ${resource.name}: ${lengthOf(resource)}`)).toEqual([]);
    expect(named.length).toBeGreaterThan(30);
  });

  it("is 33 letters", () => {
    const of = (component: string) => fleetProblems({ ...smallest, fleetName: "ci" }, { component, stack: "dev" });
    expect(of(name33)).toEqual([]);
    expect(of(`${name33}x`)).toMatchObject([{ path: "", fix: expect.stringContaining("33") as unknown }]);
  });
});

describe("what a fleet is made of", () => {
  it("has the names it always had", async () => {
    const list = join(__dirname, "smallest-fleet.txt");
    const { resources } = await graphOf("smallest");
    const now = resources.map(({ type, name }) => `${type}::${name}`).sort();
    const before = readFileSync(list, "utf8").trim().split("\n");
    const gone = before.filter((urn) => !now.includes(urn));
    const come = now.filter((urn) => !before.includes(urn));
    const advice =
      gone.length === 0
        ? "add what has come to test/components/smallest-fleet.txt"
        : "what has gone is deleted in every fleet there is, and made anew under its new name: give the new one " +
          "`aliases: [{ name: <old> }]` (or `parent`), or mean it and say so in CHANGELOG.md; then write the list anew";
    expect({ gone, come, advice }).toEqual({ gone: [], come: [], advice });
  });
});
