/** What the functions of a fleet really ask of its bucket, and that their policies, which nobody holds them to here, allow it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { functionNames } from "../../components/function-names";
import { statementsOf } from "../../components/permissions";
import { bucketArn, fleet as resources } from "../components/some-resources";
import { CliDoor } from "./cli-door";
import { useMoto } from "./fleet-world";
import { realAgent } from "./harness/real-agent";
import { labels, RunningFleet } from "./harness/running-fleet";
import type { AwsCall } from "./proxy/calls";

const url = useMoto();
let fleet: RunningFleet;
let people: CliDoor;
beforeEach(async () => {
  fleet = await RunningFleet.start(url(), { agent: realAgent(), base: { retention: { finished: "1h" } } });
  people = await CliDoor.before(fleet.world, (event) => fleet.functions.invoke("api", event));
});
afterEach(async () => {
  await people.close();
  await fleet.stop();
});

const rights: Readonly<Record<string, string>> = {
  ...{ "GET Object": "s3:GetObject", "PUT Object": "s3:PutObject" },
  ...{ "GET Bucket?list-type": "s3:ListBucket", "DELETE Object": "s3:DeleteObject" },
};

function isAllowed({ caller, action, item }: AwsCall): boolean {
  const name = functionNames.find((known) => known === caller);
  if (name === undefined) return false;
  const right = rights[action] ?? action;
  const resource = right === "s3:ListBucket" ? bucketArn : `${bucketArn}/${item ?? ""}/*`;
  return statementsOf(name, resources).some(
    ({ Action, Resource }) => Action.includes(right) && Resource.includes(resource),
  );
}

it("a job with a packed folder, its output, its second run and its removal ask for nothing that a policy refuses", async () => {
  const { terminal } = people;
  writeFileSync(join(terminal.cwd, "said"), "brought along\n");
  const submitted = terminal.run("submit", ...labels.flatMap((label) => ["--label", label]), "--", "cat", "said");
  await fleet.inTime(() => terminal.printed !== "");
  expect(await submitted).toMatchObject({ code: 0, out: "brought along\n" });
  const { out } = await terminal.run("list", "--quiet");
  expect((await terminal.run("rerun", out.trim())).code).toBe(0);
  const isOver = async () => (await fleet.jobs()).map(({ state }) => state).join() === "completed,completed";
  await fleet.inTime(async () => !fleet.hasMachines && (await isOver()));
  // What is kept no longer is for the table and the bucket themselves to remove.
  await fleet.pass(2 * 3_600_000);
  expect(await fleet.jobs()).toEqual([]);

  const asked = fleet.proxy.calls.all.filter(({ service }) => service === "s3");
  const kinds = new Set(asked.map(({ caller, action, item = "" }) => `${caller}: ${action} ${item}`.trim()));
  expect([...kinds].sort()).toEqual([
    "agent: GET Bucket?list-type",
    "agent: GET Object bundles",
    "agent: PUT Object logs",
    "api: GET Bucket?list-type",
    "api: GET Object bundles",
    "api: GET Object logs",
    "api: PUT Object bundles",
  ]);
  expect(asked.filter((call) => !isAllowed(call))).toEqual([]);
});
